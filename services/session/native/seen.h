/* What of a flood of plain lines can still be seen at its end: the rest need not be parsed to reach the same state. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* First byte of U+0080-U+009F, the 8-bit control characters. */
#define C1_LEAD 0xc2

/* Printing, BS, HT, LF, CR: no mode, no event, nothing that reaches beyond what line feeds push out of the buffer. */
static bool is_plain(uint8_t byte) {
  if (byte >= 0x20) return byte != 0x7f && byte != C1_LEAD;
  return byte >= 0x08 && byte <= 0x0d && byte != 0x0b && byte != 0x0c;
}

/* Index of the first byte from `at` on that may be no printable ASCII, eight of them at a time. */
static size_t behind_text(const uint8_t *bytes, size_t size, size_t at) {
  const uint64_t ones = 0x0101010101010101u;
  for (uint64_t word; size - at >= sizeof word; at += sizeof word) {
    memcpy(&word, bytes + at, sizeof word);
    if (((word - ones * 0x20) | word | (word + ones)) & (ones * 0x80)) break;
  }
  return at;
}

/* Position behind the `CSI ... m` that begins at `at`; 0 for any other sequence. */
static size_t style_end(const uint8_t *bytes, size_t size, size_t at) {
  if (at + 1 >= size || bytes[at + 1] != '[') return 0;
  for (size_t i = at + 2; i < size; i++) {
    if (bytes[i] == 'm') return i + 1;
    if (bytes[i] < 0x30 || bytes[i] > 0x3b) return 0;
  }
  return 0;
}

/* Nothing but plain bytes and styles? */
static bool only_lines(const uint8_t *bytes, size_t size) {
  for (size_t at = behind_text(bytes, size, 0); at < size; at = behind_text(bytes, size, at)) {
    size_t next = is_plain(bytes[at]) ? at + 1 : bytes[at] == 0x1b ? style_end(bytes, size, at) : 0;
    if (next == 0) return false;
    at = next;
  }
  return true;
}

/* Moves the styles among the first `size` bytes to the front; returns how many bytes they are. */
static size_t pack_styles(uint8_t *bytes, size_t size) {
  size_t packed = 0, at = 0;
  for (const uint8_t *found; (found = memchr(bytes + at, 0x1b, size - at)) != NULL;) {
    size_t start = (size_t)(found - bytes);
    at = style_end(bytes, size, start);
    memmove(bytes + packed, found, at - start);
    packed += at - start;
  }
  return packed;
}

/* Where the last `lines` line feeds begin: behind the feed before them, which a carriage return preceded; 0: nowhere. */
static size_t seen_from(const uint8_t *bytes, size_t size, uint64_t lines) {
  if (lines >= size) return 0;
  size_t at = size;
  for (uint64_t left = lines + 1; left > 0; left--) {
    const uint8_t *feed = memrchr(bytes, '\n', at);
    if (feed == NULL) return 0;
    at = (size_t)(feed - bytes);
  }
  return at > 0 && bytes[at - 1] == '\r' ? at + 1 : 0;
}

/* Shortens `bytes` to what leads a terminal without scroll margins to the same state, if its buffer forgets a line after
 * `lines` line feeds at the latest and its parser is in its ground state: the styles of what is left out, and what can be
 * seen. Returns the new size, which is the old one unless it is a flood of lines. */
static size_t keep_seen(uint8_t *bytes, size_t size, uint64_t lines) {
  size_t from = seen_from(bytes, size, lines);
  if (from == 0 || !only_lines(bytes, size)) return size;
  size_t packed = pack_styles(bytes, from);
  bytes[packed] = '\r'; /* there is room: a return and a feed were left out */
  memmove(bytes + packed + 1, bytes + from, size - from);
  return packed + 1 + size - from;
}
