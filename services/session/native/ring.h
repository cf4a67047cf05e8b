/* The last bytes of the output stream, addressed by their absolute offset. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

/* Untouched pages of a block cost no memory, so an idle session stays small. */
#define BLOCK_BYTES (64 * 1024)
/* Pieces that so many bytes of the stream can lie in, if they are at most one block. */
#define SPAN_PARTS 2

struct ring {
  uint8_t **blocks;
  size_t count, room;
  /* A block that was forgotten, for the next one that is needed. */
  uint8_t *spare;
  /* Offset of the oldest byte that is here, which begins the first block, and of the byte that comes next. */
  uint64_t start, end;
};

/* Without memory for the stream there is no session: better a dead host, which is noticed, than a gap, which is not. */
static void *must(void *memory) {
  if (memory == NULL) abort();
  return memory;
}

static uint8_t *ring_block(struct ring *ring) {
  size_t used = (size_t)(ring->end - ring->start);
  if (used == ring->count * BLOCK_BYTES) {
    if (ring->count == ring->room) {
      ring->room = ring->room * 2 + 16;
      ring->blocks = must(realloc(ring->blocks, ring->room * sizeof *ring->blocks));
    }
    ring->blocks[ring->count++] = ring->spare != NULL ? ring->spare : must(malloc(BLOCK_BYTES));
    ring->spare = NULL;
  }
  return ring->blocks[used / BLOCK_BYTES];
}

static void ring_append(struct ring *ring, const uint8_t *bytes, size_t size) {
  while (size > 0) {
    uint8_t *block = ring_block(ring);
    size_t at = (size_t)(ring->end - ring->start) % BLOCK_BYTES;
    size_t part = size < BLOCK_BYTES - at ? size : BLOCK_BYTES - at;
    memcpy(block + at, bytes, part);
    ring->end += part;
    bytes += part;
    size -= part;
  }
}

/* Drops whole blocks below `limit`. */
static void ring_forget(struct ring *ring, uint64_t limit) {
  size_t gone = 0;
  while (gone < ring->count && ring->start + BLOCK_BYTES <= limit) {
    if (ring->spare == NULL) ring->spare = ring->blocks[gone];
    else free(ring->blocks[gone]);
    ring->start += BLOCK_BYTES;
    gone++;
  }
  if (gone == 0) return;
  ring->count -= gone;
  memmove(ring->blocks, ring->blocks + gone, ring->count * sizeof *ring->blocks);
}

/* Where the `size` bytes from `from` on lie: at most BLOCK_BYTES, all of them held. Returns the number of parts. */
static int ring_span(const struct ring *ring, uint64_t from, size_t size, struct iovec parts[SPAN_PARTS]) {
  int count = 0;
  while (size > 0) {
    size_t behind = (size_t)(from - ring->start), at = behind % BLOCK_BYTES;
    size_t part = size < BLOCK_BYTES - at ? size : BLOCK_BYTES - at;
    parts[count++] = (struct iovec){ring->blocks[behind / BLOCK_BYTES] + at, part};
    from += part;
    size -= part;
  }
  return count;
}

static void ring_free(struct ring *ring) {
  for (size_t at = 0; at < ring->count; at++) free(ring->blocks[at]);
  free(ring->blocks);
  free(ring->spare);
}
