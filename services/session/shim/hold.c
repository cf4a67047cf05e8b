/*
 * The session leader: runs one command on the terminal it was given and says, in the output stream itself, how it ended.
 *
 *   hold <nonce> <cwd> --|--held <command> [argument...]
 *
 * Held, the command begins when its process gets CONT.
 *
 * The mark  ESC ]7777;<nonce>;[<kind><number>[c]][t] BEL  travels through the tty behind every byte written before it, so
 * whoever reads it has all output, even if reading was paused. It comes when the command has ended (kinds: e = exit code,
 * s = signal, c: core dumped, x = errno of the failed start) and when nothing will write any more (t): both in one if no
 * other process is left, else t when the last one below us has ended or the host says so by SIGUSR1. Afterwards hold waits
 * to be killed: node-pty throws away what is unread 200 ms after the leader's end (src/unixTerminal.ts,
 * DESTROY_SOCKET_TIMEOUT_MS), so the leader must not end before it is told to.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
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

/* However early it comes: it is blocked, and what is blocked is not ignored but stays pending. */
static void await_cont(void) {
  sigset_t go;
  int got;
  sigemptyset(&go);
  sigaddset(&go, SIGCONT);
  sigwait(&go, &got);
}

/* In the child, where signals wait for the command; returns errno of what failed. */
static int start(const char *cwd, int held, char **argv, const sigset_t *mask) {
  setpgid(0, 0);
  tcsetpgrp(0, getpid()); /* TTOU is still blocked here, so this works from the background */
  for_ignored(SIG_DFL);
  if (held) await_cont();
  sigprocmask(SIG_SETMASK, mask, NULL);
  prefer_for_oom_kill();
  if (chdir(cwd) != 0) return errno;
  setenv("PWD", cwd, 1); /* node-pty set it to the directory of hold itself */
  execvp(argv[0], argv);
  return errno;
}

static void write_all(int fd, const char *text, size_t length) {
  while (length > 0) {
    ssize_t n = write(fd, text, length);
    if (n > 0) {
      text += n;
      length -= (size_t)n;
    } else if (errno != EINTR) {
      return;
    }
  }
}

/* Writes the mark unchanged and unhindered; what else still writes finds the terminal as it was. */
static void say(int tty, const char *nonce, const char *what) {
  struct termios before;
  int known = tcgetattr(tty, &before) == 0;
  if (known) {
    struct termios plain = before;
    plain.c_oflag &= ~(tcflag_t)OLCUC; /* all else that OPOST does spares these characters */
    plain.c_iflag &= ~(tcflag_t)IXON;
    tcsetattr(tty, TCSANOW, &plain);
  }
  /* Undo a Ctrl-S: TCOON alone only undoes TCOOFF (tty_ioctl(4)). */
  tcflow(tty, TCOOFF);
  tcflow(tty, TCOON);
  char mark[128];
  int length = snprintf(mark, sizeof mark, "\033]7777;%s;%s\a", nonce, what);
  if (length > 0 && (size_t)length < sizeof mark) write_all(tty, mark, (size_t)length);
  if (known) tcsetattr(tty, TCSANOW, &before);
}

/* The command's end for the mark. */
static void describe(char *what, size_t size, int status) {
  if (WIFSIGNALED(status)) snprintf(what, size, "s%d%s", WTERMSIG(status), WCOREDUMP(status) ? "c" : "");
  else snprintf(what, size, "e%d", WEXITSTATUS(status));
}

/* Returns 0 when the command runs, else the errno of what failed. */
static int launch(pid_t *child, const char *cwd, int held, char **argv, const sigset_t *mask) {
  int failure[2], error = 0;
  if (pipe2(failure, O_CLOEXEC) != 0) return errno;
  sigset_t every, own;
  sigfillset(&every);
  sigprocmask(SIG_BLOCK, &every, &own); /* the child still ignores some, and what was ignored would be lost */
  *child = fork();
  int refused = errno;
  if (*child != 0) sigprocmask(SIG_SETMASK, &own, NULL);
  if (*child < 0) return refused;
  if (*child == 0) {
    error = start(cwd, held, argv, mask);
    if (write(failure[1], &error, sizeof error) != sizeof error) _exit(126);
    _exit(127);
  }
  close(failure[1]);
  setpgid(*child, *child); /* also here: whichever of the two comes first */
  if (read(failure[0], &error, sizeof error) != sizeof error) error = 0;
  close(failure[0]);
  if (error != 0) waitpid(*child, NULL, 0);
  return error;
}

int main(int argc, char **argv) {
  int held = argc >= 5 && strcmp(argv[3], "--held") == 0;
  if (argc < 5 || (!held && strcmp(argv[3], "--") != 0)) {
    fputs("usage: hold <nonce> <cwd> --|--held <command> [argument...]\n", stderr);
    return 64;
  }
  char nonce[65];
  snprintf(nonce, sizeof nonce, "%s", argv[1]);
  memset(argv[1], 'x', strlen(argv[1])); /* or the command could read it in /proc and forge its own end */
  syscall(SYS_close_range, 3, ~0U, 0);   /* other terminals of the process that forked us, which would never hang up */
  /* A description of our own: the command may leave the shared one non-blocking, and a mark in pieces would be none. */
  int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (tty < 0) return 71;
  erase_whole_characters();
  prctl(PR_SET_CHILD_SUBREAPER, 1); /* daemons of the session stay below us, where the host can find them */
  for_ignored(SIG_IGN);
  sigset_t news, before;
  sigemptyset(&news);
  sigaddset(&news, SIGCHLD);
  sigaddset(&news, SIGUSR1);
  sigprocmask(SIG_BLOCK, &news, &before);

  pid_t child = -1;
  char end[32] = ""; /* of the command, once it is known */
  int error = launch(&child, argv[2], held, argv + 4, &before);
  if (error != 0) snprintf(end, sizeof end, "x%d", error);
  for (int told = 0, closed = 0, asked = 0;;) {
    int status;
    pid_t reaped;
    while ((reaped = waitpid(-1, &status, WNOHANG)) > 0)
      if (reaped == child && error == 0) describe(end, sizeof end, status);
    int over = reaped < 0 || asked; /* nothing is left below us, or the host knows better */
    if (end[0] != '\0' && (!told || (over && !closed))) {
      char what[40];
      snprintf(what, sizeof what, "%s%s", told ? "" : end, over ? "t" : "");
      say(tty, nonce, what);
      told = 1;
      closed = over;
    }
    asked = sigwaitinfo(&news, NULL) == SIGUSR1 && told;
  }
}
