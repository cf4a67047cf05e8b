/* Follows WebSocket frame boundaries (RFC 6455 §5.2) through arbitrarily cut chunks, by headers only: nothing is
 * copied or unmasked. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPCODE_BINARY 2
#define OPCODE_CLOSE 8

struct walker {
  /* Of the frame begun last. */
  uint8_t opcode;
  bool final;
  bool in_message;
  uint8_t header_at;
  uint8_t header_size;
  uint8_t length_end;
  /* Payload bytes of this frame that are still to come. */
  uint64_t payload;
  /* Payload bytes that the message begun last has announced so far, all its fragments together. */
  uint64_t message;
};

static void walker_init(struct walker *walker) { *walker = (struct walker){.header_size = 2}; }

/* True between frames: here a frame may be put in. */
static bool walker_at_boundary(const struct walker *walker) { return walker->header_at == 0; }

static void begin_frame(struct walker *walker) {
  if (walker->opcode >= OPCODE_CLOSE) return; /* control frames stand between the fragments of a message */
  uint64_t before = walker->in_message ? walker->message : 0;
  walker->message = walker->payload > UINT64_MAX - before ? UINT64_MAX : before + walker->payload;
  walker->in_message = !walker->final;
}

static void header_byte(struct walker *walker, uint8_t byte) {
  uint8_t at = walker->header_at++;
  if (at == 0) {
    walker->final = byte >= 0x80;
    walker->opcode = byte & 0x0f;
    return;
  }
  if (at == 1) {
    uint8_t length = byte & 0x7f;
    uint8_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
    walker->payload = extended == 0 ? length : 0;
    walker->length_end = 2 + extended;
    walker->header_size = walker->length_end + (byte >= 0x80 ? 4 : 0);
  } else if (at < walker->length_end) {
    walker->payload = walker->payload << 8 | byte;
  }
  if (walker->header_at == walker->header_size) begin_frame(walker);
}

/* Goes on to the end of the current frame or of the bytes, whichever is first, and returns how many it took. `begun` tells
 * that a header was completed; its payload may be under way still. */
static size_t walk(struct walker *walker, const uint8_t *bytes, size_t size, bool *begun) {
  size_t at = 0;
  *begun = false;
  while (walker->header_at < walker->header_size) {
    if (at == size) return at;
    header_byte(walker, bytes[at++]);
    *begun = walker->header_at == walker->header_size;
  }
  size_t taken = walker->payload < size - at ? (size_t)walker->payload : size - at;
  walker->payload -= taken;
  if (walker->payload == 0) {
    walker->header_at = 0;
    walker->header_size = 2;
  }
  return at + taken;
}
