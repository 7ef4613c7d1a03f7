/* A library for LD_PRELOAD that makes system calls fail, and a clock that is wrong.
 *
 * FAULTS  rules, separated by semicolons; a rule is a list of KEY=VALUE, separated by commas:
 *           call=NAME    the kind of call: the names are in the wrappers below. `fsync` is fdatasync as well, `write` writev,
 *                        `lock` a POSIX lock, `ofd` a lock of an open file description, `map` mmap of a file, `linger`
 *                        setsockopt of SO_LINGER
 *           nth=N        only the Nth call that matches; from=N the Nth and every later one; without both, every call
 *           path=TEXT    only where the path of the file or descriptor contains TEXT
 *           after=NAME   only after the process has made a call of this kind (counted on any path)
 *         and one action: errno=N | short (half of the bytes) | ok (success without the call) | sleep=MS (then the call)
 *           | kill=N (the process receives this signal before the call)
 * FAULTS_COUNTS  a file that receives "NAME COUNT" for each kind of call at exit; FAULTS_COUNTS_PATH=TEXT counts only
 *         calls on paths that contain TEXT
 * CLOCK_AT=SECONDS      the wall clock starts at this time (since 1970, may be negative) and goes on from there
 * CLOCK_STEP=MS:SECONDS the wall clock steps by so many seconds, so many milliseconds after the start
 * CLOCK_SPEED=N         time passes N times as fast: every clock, and every wait
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

enum action { NOTHING, ERRNO, SHORT, OK, SLEEP, KILL };
struct rule { char call[24], path[96], after[24]; long nth, from, value; enum action action; atomic_long seen; };

static struct rule rules[16];
static int rule_count;
static struct { char name[24]; atomic_long all, counted; } calls[48];
static atomic_int call_count;
static const char *counts_path;
static long speed = 1;
static struct timespec start_real, start_monotonic;
static long long at_offset, step_after_ns = -1, step_seconds;

static long long nanoseconds(struct timespec t) { return t.tv_sec * 1000000000LL + t.tv_nsec; }

static struct timespec timespec_of(long long n) {
    long long seconds = n / 1000000000LL, rest = n % 1000000000LL;
    if (rest < 0) { rest += 1000000000LL; seconds--; }
    return (struct timespec){ seconds, rest };
}

static struct timespec raw_clock(clockid_t clock) {
    struct timespec t;
    syscall(SYS_clock_gettime, clock, &t);
    return t;
}

static void raw_sleep(long long ns) {
    struct timespec t = timespec_of(ns);
    while (syscall(SYS_nanosleep, &t, &t) == -1 && errno == EINTR) {}
}

static void copy(char *to, size_t size, const char *from) { snprintf(to, size, "%s", from); }

static void read_rule(char *text) {
    if (rule_count == 16) return;
    struct rule *rule = &rules[rule_count++];
    char *rest;
    for (char *pair = strtok_r(text, ",", &rest); pair; pair = strtok_r(NULL, ",", &rest)) {
        char *value = strchr(pair, '=');
        if (value) *value++ = 0; else value = "";
        if (!strcmp(pair, "call")) copy(rule->call, sizeof rule->call, value);
        else if (!strcmp(pair, "path")) copy(rule->path, sizeof rule->path, value);
        else if (!strcmp(pair, "after")) copy(rule->after, sizeof rule->after, value);
        else if (!strcmp(pair, "nth")) rule->nth = atol(value);
        else if (!strcmp(pair, "from")) rule->from = atol(value);
        else {
            rule->value = atol(value);
            rule->action = !strcmp(pair, "errno") ? ERRNO : !strcmp(pair, "short") ? SHORT : !strcmp(pair, "ok") ? OK
                         : !strcmp(pair, "sleep") ? SLEEP : !strcmp(pair, "kill") ? KILL : NOTHING;
        }
    }
}

__attribute__((constructor)) static void begin(void) {
    start_real = raw_clock(CLOCK_REALTIME);
    start_monotonic = raw_clock(CLOCK_MONOTONIC);
    const char *text = getenv("CLOCK_SPEED");
    if (text && atol(text) > 0) speed = atol(text);
    if ((text = getenv("CLOCK_AT"))) at_offset = atoll(text) * 1000000000LL - nanoseconds(start_real);
    long long after_ms;
    if ((text = getenv("CLOCK_STEP")) && sscanf(text, "%lld:%lld", &after_ms, &step_seconds) == 2) step_after_ns = after_ms * 1000000;
    counts_path = getenv("FAULTS_COUNTS_PATH");
    if ((text = getenv("FAULTS"))) {
        char *all = strdup(text), *rest;
        for (char *one = strtok_r(all, ";", &rest); one; one = strtok_r(NULL, ";", &rest)) read_rule(one);
        free(all);
    }
}

__attribute__((destructor)) static void end(void) {
    const char *path = getenv("FAULTS_COUNTS");
    if (!path) return;
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    for (int i = 0; i < call_count; i++) {
        char line[64];
        int size = snprintf(line, sizeof line, "%s %ld\n", calls[i].name, (long)calls[i].counted);
        if (syscall(SYS_write, fd, line, size) != size) break;
    }
    syscall(SYS_close, fd);
}

static int call_index(const char *name) {
    for (int i = 0; i < call_count; i++) if (!strcmp(calls[i].name, name)) return i;
    if (call_count == 48) return 47;
    int i = call_count;
    copy(calls[i].name, sizeof calls[i].name, name);
    call_count = i + 1;
    return i;
}

static int matches(const char *wanted, int fd, const char *path) {
    char link[40], target[512];
    if (!wanted || !*wanted) return 1;
    if (path) return strstr(path, wanted) != NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long size = syscall(SYS_readlinkat, AT_FDCWD, link, target, sizeof target - 1);
    if (size < 0) return 0;
    target[size] = 0;
    return strstr(target, wanted) != NULL;
}

/* The action for this call. ERRNO has set errno; SLEEP and KILL are done, and the call goes on. */
static enum action decide(const char *name, int fd, const char *path) {
    int saved = errno, index = call_index(name);
    calls[index].all++;
    if (matches(counts_path, fd, path)) calls[index].counted++;
    for (int i = 0; i < rule_count; i++) {
        struct rule *rule = &rules[i];
        if (strcmp(rule->call, name) || !matches(rule->path, fd, path)) continue;
        if (*rule->after && !calls[call_index(rule->after)].all) continue;
        long number = ++rule->seen;
        if ((rule->nth && number != rule->nth) || (rule->from && number < rule->from)) continue;
        if (rule->action == SLEEP) { raw_sleep(rule->value * 1000000LL); continue; }
        if (rule->action == KILL) { syscall(SYS_kill, getpid(), rule->value); continue; }
        errno = rule->action == ERRNO ? rule->value : saved;
        return rule->action;
    }
    errno = saved;
    return NOTHING;
}

static size_t half(enum action action, size_t size) { return action == SHORT && size > 1 ? size / 2 : size; }

/* A call that returns -1 on failure: fails, succeeds without the call, or runs. */
#define SIMPLE(type, name, kind, fd, path, declared, passed) \
    type name declared { \
        REAL(name); \
        enum action action = decide(kind, fd, path); \
        return action == ERRNO ? -1 : action == OK ? 0 : real passed; \
    }
/* A call that moves `size` bytes. */
#define MOVES(name, kind, fd, declared, passed) \
    ssize_t name declared { \
        REAL(name); \
        enum action action = decide(kind, fd, NULL); \
        if (action == ERRNO) return -1; \
        if (action == OK) return size; \
        size = half(action, size); \
        return real passed; \
    }

MOVES(read, "read", fd, (int fd, void *data, size_t size), (fd, data, size))
MOVES(write, "write", fd, (int fd, const void *data, size_t size), (fd, data, size))
MOVES(pread64, "pread", fd, (int fd, void *data, size_t size, off64_t at), (fd, data, size, at))
MOVES(pwrite64, "pwrite", fd, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))
MOVES(recv, "recv", fd, (int fd, void *data, size_t size, int flags), (fd, data, size, flags))
MOVES(send, "send", fd, (int fd, const void *data, size_t size, int flags), (fd, data, size, flags))
SIMPLE(ssize_t, writev, "write", fd, NULL, (int fd, const struct iovec *parts, int count), (fd, parts, count))
SIMPLE(int, fsync, "fsync", fd, NULL, (int fd), (fd))
SIMPLE(int, fdatasync, "fsync", fd, NULL, (int fd), (fd))
SIMPLE(int, ftruncate64, "ftruncate", fd, NULL, (int fd, off64_t size), (fd, size))
SIMPLE(int, flock, "flock", fd, NULL, (int fd, int operation), (fd, operation))
SIMPLE(int, unlink, "unlink", -1, path, (const char *path), (path))
SIMPLE(int, rename, "rename", -1, path, (const char *path, const char *to), (path, to))
SIMPLE(int, mkdir, "mkdir", -1, path, (const char *path, mode_t mode), (path, mode))
SIMPLE(int, stat64, "stat", -1, path, (const char *restrict path, struct stat64 *restrict to), (path, to))
SIMPLE(int, lstat64, "stat", -1, path, (const char *restrict path, struct stat64 *restrict to), (path, to))
SIMPLE(int, fstat64, "fstat", fd, NULL, (int fd, struct stat64 *to), (fd, to))
SIMPLE(int, socket, "socket", -1, "", (int domain, int type, int protocol), (domain, type, protocol))
SIMPLE(int, connect, "connect", fd, NULL, (int fd, const struct sockaddr *to, socklen_t size), (fd, to, size))
SIMPLE(int, getpeername, "getpeername", fd, NULL, (int fd, struct sockaddr *restrict to, socklen_t *restrict size), (fd, to, size))
SIMPLE(int, getsockname, "getsockname", fd, NULL, (int fd, struct sockaddr *restrict to, socklen_t *restrict size), (fd, to, size))
SIMPLE(int, getsockopt, "getsockopt", fd, NULL, (int fd, int level, int name, void *restrict to, socklen_t *restrict size), (fd, level, name, to, size))
SIMPLE(int, accept4, "accept", fd, NULL, (int fd, struct sockaddr *restrict from, socklen_t *restrict size, int flags), (fd, from, size, flags))

#define OPENS(name, declared, passed, from) \
    int name declared { \
        REAL(name); \
        va_list rest; \
        va_start(rest, from); \
        mode_t mode = va_arg(rest, mode_t); \
        va_end(rest); \
        return decide("open", -1, path) == ERRNO ? -1 : real passed; \
    }
OPENS(open, (const char *path, int flags, ...), (path, flags, mode), flags)
OPENS(open64, (const char *path, int flags, ...), (path, flags, mode), flags)
OPENS(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode), flags)
OPENS(openat64, (int at, const char *path, int flags, ...), (at, path, flags, mode), flags)

/* `lock` is a POSIX lock of the process (SQLite's), `ofd` a lock of an open file description. */
#define CONTROLS(name) \
    int name(int fd, int command, ...) { \
        REAL(name); \
        va_list rest; \
        va_start(rest, command); \
        void *value = va_arg(rest, void *); \
        va_end(rest); \
        const char *kind = command == F_SETLK || command == F_SETLKW ? "lock" \
                         : command == F_OFD_SETLK || command == F_OFD_SETLKW ? "ofd" : NULL; \
        enum action action = kind ? decide(kind, fd, NULL) : NOTHING; \
        return action == ERRNO ? -1 : action == OK ? 0 : real(fd, command, value); \
    }
CONTROLS(fcntl)
CONTROLS(fcntl64)

#define MAPS(name, offset_type) \
    void *name(void *at, size_t size, int protection, int flags, int fd, offset_type offset) { \
        REAL(name); \
        if (fd >= 0 && decide("map", fd, NULL) == ERRNO) return MAP_FAILED; \
        return real(at, size, protection, flags, fd, offset); \
    }
MAPS(mmap, off_t)
MAPS(mmap64, off64_t)

/* The clocks, and the waits that go with them. */
static struct timespec wall_clock(void) {
    long long passed = nanoseconds(raw_clock(CLOCK_MONOTONIC)) - nanoseconds(start_monotonic);
    long long now = nanoseconds(raw_clock(CLOCK_REALTIME)) + at_offset + passed * (speed - 1);
    if (step_after_ns >= 0 && passed >= step_after_ns) now += step_seconds * 1000000000LL;
    return timespec_of(now);
}

int clock_gettime(clockid_t clock, struct timespec *to) {
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) { *to = wall_clock(); return 0; }
    *to = raw_clock(clock);
    if (speed > 1 && (clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME || clock == CLOCK_MONOTONIC_RAW)) {
        long long base = nanoseconds(start_monotonic);
        *to = timespec_of(base + (nanoseconds(*to) - base) * speed);
    }
    return 0;
}

time_t time(time_t *to) {
    time_t now = wall_clock().tv_sec;
    if (to) *to = now;
    return now;
}

int gettimeofday(struct timeval *restrict to, void *restrict zone) {
    struct timespec now = wall_clock();
    (void)zone;
    to->tv_sec = now.tv_sec;
    to->tv_usec = now.tv_nsec / 1000;
    return 0;
}

static int faster(int milliseconds) { return milliseconds <= 0 ? milliseconds : (milliseconds + speed - 1) / speed; }

int poll(struct pollfd *list, nfds_t count, int wait) {
    REAL(poll);
    return count && decide("poll", list[0].fd, NULL) == ERRNO ? -1 : real(list, count, faster(wait));
}

int epoll_wait(int fd, struct epoll_event *events, int count, int wait) {
    REAL(epoll_wait);
    return real(fd, events, count, faster(wait));
}

int nanosleep(const struct timespec *wait, struct timespec *left) {
    struct timespec shorter = timespec_of(nanoseconds(*wait) / speed);
    int result = syscall(SYS_nanosleep, &shorter, left);
    if (result && left) *left = timespec_of(nanoseconds(*left) * speed);
    return result;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *wait, struct timespec *left) {
    long long ns = nanoseconds(*wait);
    if (flags & TIMER_ABSTIME) {
        struct timespec now;
        clock_gettime(clock, &now);
        ns -= nanoseconds(now);
        if (ns <= 0) return 0;
    }
    struct timespec shorter = timespec_of(ns / speed);
    int result = syscall(SYS_nanosleep, &shorter, left) ? errno : 0;
    if (result && left) *left = timespec_of(nanoseconds(*left) * speed);
    return result;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t size) {
    REAL(setsockopt);
    enum action action = decide("setsockopt", fd, NULL);
    if (action == NOTHING && level == SOL_SOCKET && name == SO_LINGER) action = decide("linger", fd, NULL);
    if (action == ERRNO) return -1;
    if (action == OK) return 0;
    if (speed > 1 && level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO) && size == sizeof(struct timeval)) {
        struct timeval wait;
        memcpy(&wait, value, sizeof wait);
        long long us = wait.tv_sec * 1000000LL + wait.tv_usec;
        if (us) us = us / speed ? us / speed : 1;
        wait = (struct timeval){ us / 1000000, us % 1000000 };
        return real(fd, level, name, &wait, sizeof wait);
    }
    return real(fd, level, name, value, size);
}

/* Rust's standard library waits on a futex by way of `syscall`. */
long syscall(long number, ...) {
    static long (*real)(long, ...);
    if (!real) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    va_list rest;
    va_start(rest, number);
    long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long);
    long d = va_arg(rest, long), e = va_arg(rest, long), f = va_arg(rest, long);
    va_end(rest);
    struct timespec wait;
    if (speed > 1 && number == SYS_futex && d && ((b & FUTEX_CMD_MASK) == FUTEX_WAIT || (b & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET)) {
        long long ns = nanoseconds(*(struct timespec *)d), base = nanoseconds(start_monotonic);
        wait = timespec_of((b & FUTEX_CMD_MASK) == FUTEX_WAIT ? ns / speed : base + (ns - base) / speed);
        d = (long)&wait;
    }
    return real(number, a, b, c, d, e, f);
}
