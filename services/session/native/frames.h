/* WebSocket frames (RFC 6455 5.2): reads the head of a client's, makes the head of a server's. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define OPCODE_TEXT 1
#define OPCODE_BINARY 2
#define OPCODE_CLOSE 8
/* Longest head of a server's frame. */
#define HEAD_BYTES 10

struct frame {
  uint8_t opcode;
  /* The last one of its message; no reserved bit is set. */
  bool final, plain;
  uint64_t length;
  /* Bytes of the head, the mask its last four. */
  size_t head;
  bool masked;
};

/* False: the head is not all there. */
static bool frame_read(const uint8_t *bytes, size_t size, struct frame *frame) {
  if (size < 2) return false;
  uint8_t length = bytes[1] & 0x7f;
  size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
  *frame = (struct frame){
      .opcode = bytes[0] & 0x0f,
      .final = bytes[0] & 0x80,
      .plain = (bytes[0] & 0x70) == 0,
      .masked = bytes[1] & 0x80,
      .length = extended == 0 ? length : 0,
      .head = 2 + extended + (bytes[1] & 0x80 ? 4 : 0),
  };
  if (size < frame->head) return false;
  for (size_t at = 2; at < 2 + extended; at++) frame->length = frame->length << 8 | bytes[at];
  return true;
}

/* `bytes` begin with the frame, all of which is there; returns its payload, unmasked in place. */
static uint8_t *frame_unmask(uint8_t *bytes, const struct frame *frame) {
  uint8_t *payload = bytes + frame->head;
  const uint8_t *mask = payload - 4;
  for (size_t at = 0; at < frame->length; at++) payload[at] ^= mask[at & 3];
  return payload;
}

/* Head of a binary message of one frame. Returns its size. */
static size_t frame_head(uint8_t head[HEAD_BYTES], uint8_t opcode, size_t length) {
  head[0] = 0x80 | opcode;
  if (length < 126) {
    head[1] = (uint8_t)length;
    return 2;
  }
  size_t extended = length < 0x10000 ? 2 : 8;
  head[1] = extended == 2 ? 126 : 127;
  for (size_t at = 0; at < extended; at++) head[2 + at] = (uint8_t)((uint64_t)length >> (8 * (extended - 1 - at)));
  return 2 + extended;
}
