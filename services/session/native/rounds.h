/* When viewers are sent what has come: who controls at once, the others in rounds, for each of which larger pieces are the
 * cheaper ones; and what of the stream they still need. */
#pragma once
#include "client.h"

static void settle(struct stream *stream, struct viewer *viewer) {
  shut_when_sent(viewer);
  watch_viewer(stream, viewer);
}

static void pump_controller(struct stream *stream) {
  stream->at[CONTROLLER] = 0;
  stream->controller_at = clock_now();
  for (struct viewer *viewer = stream->viewers; viewer != NULL; viewer = viewer->next) {
    if (!viewer->controls) continue;
    pump(stream, viewer);
    settle(stream, viewer);
  }
}

static void pump_all(struct stream *stream) {
  stream->at[ROUND] = 0;
  stream->round_at = clock_now();
  for (struct viewer *viewer = stream->viewers; viewer != NULL; viewer = viewer->next) {
    pump(stream, viewer);
    settle(stream, viewer);
  }
}

/* Once for each piece of output. What a person waits for goes out at once, a flood in larger pieces. */
static void output_grew(struct stream *stream, size_t size) {
  double now = clock_now(), rest = size < SMALL_BYTES ? 0 : stream->terms.flood_s;
  if (stream->viewer_count > 1) {
    if (now - stream->controller_at >= rest) pump_controller(stream);
    else by(stream, CONTROLLER, stream->controller_at + rest);
    rest += (double)(stream->viewer_count - 1) * stream->terms.round_s;
  }
  if (now - stream->round_at >= rest) pump_all(stream);
  else by(stream, ROUND, stream->round_at + rest);
}

/* From here on the stream is needed, by a snapshot and, though not for ever, by viewers that only wait for a moment. */
static uint64_t needed_from(const struct stream *stream) {
  double now = clock_now();
  uint64_t end = stream->ring.end, patience = PATIENCE * stream->terms.replay_bytes;
  uint64_t least = end, floor = end > patience ? end - patience : 0;
  for (const struct viewer *viewer = stream->viewers; viewer != NULL; viewer = viewer->next) {
    if (viewer->joined && viewer->cursor < least && now - viewer->acked_at < stream->terms.hiccup_s) least = viewer->cursor;
  }
  if (least < floor) least = floor;
  return least < stream->keep_from ? least : stream->keep_from;
}
