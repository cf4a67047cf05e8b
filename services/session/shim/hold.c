/*
 * The session leader: runs one command on the terminal it was given and says, in the output stream itself, how it ended.
 *
 *   hold <nonce> <cwd> -- <command> [argument...]
 *
 * The mark  ESC ]7777;<nonce>;<kind><number>[c] BEL  travels through the tty behind every byte the command wrote, so
 * whoever reads it has all output, even if reading was paused. Kinds: e = exit code, s = signal (c: core dumped),
 * x = errno of the failed start. Afterwards hold waits to be killed: node-pty throws away what is unread 200 ms after
 * the leader's end (src/unixTerminal.ts, DESTROY_SOCKET_TIMEOUT_MS), so the leader must not end before it is told to.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static const int ignored[] = {SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE, SIGTERM};

static void for_ignored(void (*handler)(int)) {
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) signal(ignored[i], handler);
}

/* With raw bytes node-pty leaves IUTF8 off, and erase in a cooked line would eat one byte of a character. */
static void erase_whole_characters(void) {
  struct termios t;
  if (tcgetattr(0, &t) != 0) return;
  t.c_iflag |= IUTF8;
  tcsetattr(0, TCSANOW, &t);
}

static void prefer_for_oom_kill(void) {
  int fd = open("/proc/self/oom_score_adj", O_WRONLY);
  if (fd < 0) return;
  if (write(fd, "500", 3) != 3) { /* no such right here: the kernel's own choice stays */ }
  close(fd);
}

/* In the child, until the command takes over; returns errno of what failed. */
static int start(const char *cwd, char **argv) {
  setpgid(0, 0);
  tcsetpgrp(0, getpid()); /* TTOU is still ignored here, so this works from the background */
  for_ignored(SIG_DFL);
  prefer_for_oom_kill();
  if (chdir(cwd) != 0) return errno;
  setenv("PWD", cwd, 1); /* node-pty set it to the directory of hold itself */
  execvp(argv[0], argv);
  return errno;
}

static void write_all(const char *text, size_t length) {
  while (length > 0) {
    ssize_t n = write(1, text, length);
    if (n > 0) {
      text += n;
      length -= (size_t)n;
    } else if (errno == EAGAIN) {
      /* The command may have left our shared descriptor non-blocking. */
      struct pollfd out = {.fd = 1, .events = POLLOUT};
      poll(&out, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

static void say(const char *nonce, char kind, int number, int core) {
  /* Undo a Ctrl-S: TCOON alone only undoes TCOOFF (tty_ioctl(4)). */
  tcflow(1, TCOOFF);
  tcflow(1, TCOON);
  struct termios t;
  if (tcgetattr(1, &t) == 0) {
    t.c_oflag &= ~(tcflag_t)OPOST;
    t.c_iflag &= ~(tcflag_t)IXON;
    tcsetattr(1, TCSANOW, &t);
  }
  char mark[128];
  int length = snprintf(mark, sizeof mark, "\033]7777;%s;%c%d%s\a", nonce, kind, number, core ? "c" : "");
  if (length > 0 && (size_t)length < sizeof mark) write_all(mark, (size_t)length);
}

int main(int argc, char **argv) {
  if (argc < 5 || strcmp(argv[3], "--") != 0) {
    fputs("usage: hold <nonce> <cwd> -- <command> [argument...]\n", stderr);
    return 64;
  }
  char nonce[65];
  snprintf(nonce, sizeof nonce, "%s", argv[1]);
  memset(argv[1], 'x', strlen(argv[1])); /* or the command could read it in /proc and forge its own end */
  syscall(SYS_close_range, 3, ~0U, 0);   /* other terminals of the process that forked us, which would never hang up */
  erase_whole_characters();
  prctl(PR_SET_CHILD_SUBREAPER, 1); /* daemons of the session stay below us, where the host can find them */
  for_ignored(SIG_IGN);

  int failure[2];
  if (pipe2(failure, O_CLOEXEC) != 0) return 71;
  pid_t child = fork();
  if (child < 0) {
    say(nonce, 'x', errno, 0);
  } else if (child == 0) {
    int error = start(argv[2], argv + 4);
    if (write(failure[1], &error, sizeof error) != sizeof error) _exit(126);
    _exit(127);
  }
  close(failure[1]);
  if (child > 0) setpgid(child, child); /* also here: whichever of the two comes first */

  int error = 0, status, said = child < 0;
  if (read(failure[0], &error, sizeof error) == sizeof error) {
    say(nonce, 'x', error, 0);
    said = 1;
  }
  close(failure[0]);
  for (;;) {
    pid_t ended = waitpid(-1, &status, 0);
    if (ended < 0 && errno == ECHILD) pause(); /* nothing is left below us: only the host's signal comes now */
    if (ended != child || said) continue;
    said = 1;
    if (WIFSIGNALED(status)) say(nonce, 's', WTERMSIG(status), WCOREDUMP(status));
    else say(nonce, 'e', WEXITSTATUS(status), 0);
  }
}
