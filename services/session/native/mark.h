/* Finds the marks that the session leader (shim/hold.c) puts into the output, also when they are split over pieces:
 * ESC ]7777;<nonce>;<text> BEL. They are no part of the stream. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ESC 0x1b
#define BEL 0x07
#define PREFIX_BYTES 96
/* Longest text of a mark; what has more is none. */
#define MARK_TEXT_BYTES 32
#define HELD_BYTES (PREFIX_BYTES + MARK_TEXT_BYTES)

struct mark {
  char prefix[PREFIX_BYTES];
  size_t prefix_size;
};

/* What a piece of output begins with: `output` bytes that are no part of a mark; then either a mark, `text` not NULL, and
 * `next` is where to go on, or `held` bytes at the piece's end that may be the beginning of one. */
struct cut {
  size_t output, held, next;
  const uint8_t *text;
  size_t text_size;
};

static void mark_init(struct mark *mark, const char *nonce) {
  int size = snprintf(mark->prefix, sizeof mark->prefix, "\033]7777;%s;", nonce);
  mark->prefix_size = size < 0 ? 0 : (size_t)size;
}

/* The prefix has one ESC, its first byte, so only the last ESC of the piece can begin it. */
static size_t possible_start(const struct mark *mark, const uint8_t *bytes, size_t size) {
  size_t most = mark->prefix_size - 1 < size ? mark->prefix_size - 1 : size;
  const uint8_t *last = memrchr(bytes + size - most, ESC, most);
  if (last == NULL) return 0;
  size_t rest = (size_t)(bytes + size - last);
  return memcmp(last, mark->prefix, rest) == 0 ? rest : 0;
}

static struct cut mark_cut(const struct mark *mark, const uint8_t *bytes, size_t size) {
  const uint8_t *start = memmem(bytes, size, mark->prefix, mark->prefix_size);
  if (start == NULL) {
    size_t held = possible_start(mark, bytes, size);
    return (struct cut){.output = size - held, .held = held, .next = size};
  }
  const uint8_t *text = start + mark->prefix_size;
  size_t left = (size_t)(bytes + size - text), before = (size_t)(start - bytes);
  size_t within = left < MARK_TEXT_BYTES ? left : MARK_TEXT_BYTES;
  const uint8_t *end = memchr(text, BEL, within);
  if (end != NULL) {
    size_t text_size = (size_t)(end - text);
    return (struct cut){.output = before, .next = (size_t)(end + 1 - bytes), .text = text, .text_size = text_size};
  }
  if (left < MARK_TEXT_BYTES) return (struct cut){.output = before, .held = size - before, .next = size};
  return (struct cut){.output = (size_t)(text - bytes), .next = (size_t)(text - bytes)};
}
