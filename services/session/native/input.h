/* Input on its way to the terminal, in order and bounded. */
#pragma once
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Answers of ours beyond it are dropped: a program that asks for ever and never reads must not grow the host. */
#define MAX_REPLY_BYTES (64 * 1024)
/* Bytes waiting beyond which senders are no longer read. */
#define MAX_INPUT_BYTES (1024 * 1024)
/* Seconds without progress after which the command does not read: one that is merely busy reads again sooner. */
#define BLOCKED_S 0.25

struct piece {
  struct piece *next;
  size_t at, size;
  bool is_reply;
  uint8_t bytes[];
};

struct input {
  struct piece *head, **tail;
  size_t waiting, replies;
  /* Told, and not taken back yet: it was full; nothing of it moves. */
  bool was_full, blocked;
  double progress_at;
};

static void input_init(struct input *input) { *input = (struct input){.tail = &input->head}; }

static bool input_full(const struct input *input) { return input->waiting >= MAX_INPUT_BYTES; }

static void input_drop(struct input *input) {
  struct piece *piece = input->head;
  input->head = piece->next;
  if (input->head == NULL) input->tail = &input->head;
  free(piece);
}

/* Writes what the terminal takes; it does not block. A terminal that is gone takes all. True: something moved. */
static bool input_flush(struct input *input, int fd) {
  bool moved = false;
  while (input->head != NULL) {
    struct piece *piece = input->head;
    ssize_t taken = write(fd, piece->bytes + piece->at, piece->size - piece->at);
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0 && errno == EAGAIN) break;
    size_t count = taken < 0 ? piece->size - piece->at : (size_t)taken;
    if (count == 0) break;
    moved = true;
    piece->at += count;
    input->waiting -= count;
    if (piece->is_reply) input->replies -= count;
    if (piece->at == piece->size) input_drop(input);
  }
  return moved;
}

/* `now`: seconds of clock_now. */
static void input_push(struct input *input, int fd, const uint8_t *bytes, size_t size, bool is_reply, double now) {
  size_t done = 0;
  if (is_reply && input->replies + size > MAX_REPLY_BYTES) return;
  if (input->head == NULL) {
    ssize_t taken = write(fd, bytes, size);
    done = taken > 0 ? (size_t)taken : taken < 0 && errno != EAGAIN && errno != EINTR ? size : 0;
    input->progress_at = now;
  }
  if (done == size) return;
  struct piece *piece = must(malloc(sizeof *piece + size - done));
  *piece = (struct piece){.size = size - done, .is_reply = is_reply};
  memcpy(piece->bytes, bytes + done, piece->size);
  *input->tail = piece;
  input->tail = &piece->next;
  input->waiting += piece->size;
  if (is_reply) input->replies += piece->size;
  if (input_full(input)) input->was_full = true;
}

static void input_free(struct input *input) {
  while (input->head != NULL) input_drop(input);
  input->waiting = input->replies = 0;
}
