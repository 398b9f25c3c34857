/*
 * Put before a process by LD_PRELOAD: notes what it does to the files of one folder, in one log, in the order in which it happened.
 *
 *   DISK_LOG_FOLDER   the folder
 *   DISK_LOG_PREFIX   how the names of the files begin; those that end in -shm are left out (SQLite makes that file anew)
 *   DISK_LOG_FILE     the log; appended to
 *   DISK_LOG_NO_SYNC  where set, syncs of files are neither done nor noted: a disk that lies
 *
 * A record is 40 bytes in the machine's order, and then `length` bytes of payload:
 *
 *   u32 kind   u32 flags   u64 inode   u64 offset   u64 size   u64 length
 *
 *   kind       offset       size          flags         payload
 *   1 open     -            size before   1: made       name in the folder
 *   2 write    where        -             -             what was written
 *   3 truncate new size     -             -             -
 *   4 allocate where        how many      -             -
 *   5 sync     -            -             1: folder     -
 *   6 unlink   -            -             -             name
 *   7 rename   -            -             -             old name, 0, new name
 *   8 link     -            -             -             old name, 0, new name
 *
 * Each record is written while no other of these calls runs, so that the log has an order. A record that cannot be written ends the process.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN = 1, WRITE, TRUNCATE, ALLOCATE, SYNC, UNLINK, RENAME, LINK };
enum { FDS_MAX = 4096 };

struct record {
  uint32_t kind, flags;
  uint64_t inode, offset, size, length;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[4096];
static size_t folder_length;
static const char *prefix;
static int log_fd = -1;
static int no_sync;
/* Inode behind each descriptor; 0 where it is none of the folder's. */
static uint64_t inodes[FDS_MAX];
static unsigned char is_folder[FDS_MAX];

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fallocate)(int, int, off_t, off_t);
static int (*real_fsync)(int);
static int (*real_unlink)(const char *);
static int (*real_rename)(const char *, const char *);
static int (*real_link)(const char *, const char *);

static void die(const char *what) {
  fprintf(stderr, "disk log: %s: %s\n", what, strerror(errno));
  _exit(99);
}

static void *find(const char *name) {
  void *symbol = dlsym(RTLD_NEXT, name);
  if (symbol == NULL) die(name);
  return symbol;
}

__attribute__((constructor)) static void start(void) {
  real_open = find("open64");
  real_close = find("close");
  real_write = find("write");
  real_pwrite = find("pwrite64");
  real_ftruncate = find("ftruncate64");
  real_fallocate = find("fallocate64");
  real_fsync = find("fsync");
  real_unlink = find("unlink");
  real_rename = find("rename");
  real_link = find("link");
  const char *wanted = getenv("DISK_LOG_FOLDER"), *file = getenv("DISK_LOG_FILE");
  prefix = getenv("DISK_LOG_PREFIX");
  if (wanted == NULL || file == NULL || prefix == NULL) return;
  if (realpath(wanted, folder) == NULL) die(wanted);
  folder_length = strlen(folder);
  no_sync = getenv("DISK_LOG_NO_SYNC") != NULL;
  log_fd = real_open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_fd < 0) die(file);
}

static void note(struct record head, const void *payload) {
  struct iovec parts[2] = {{&head, sizeof head}, {(void *)payload, head.length}};
  size_t wanted = sizeof head + head.length;
  ssize_t done = writev(log_fd, parts, payload == NULL ? 1 : 2);
  if (done < 0 || (size_t)done != wanted) die("cannot be written");
}

/* The name in the folder; "" for the folder itself; NULL for what is elsewhere or left out. */
static const char *name_of(const char *path) {
  if (log_fd < 0 || path == NULL || strncmp(path, folder, folder_length) != 0) return NULL;
  const char *name = path + folder_length;
  if (*name == '/') name++;
  else if (*name != 0) return NULL;
  size_t length = strlen(name);
  if (length > 0 && strncmp(name, prefix, strlen(prefix)) != 0) return NULL;
  if (strchr(name, '/') != NULL || (length >= 4 && strcmp(name + length - 4, "-shm") == 0)) return NULL;
  return name;
}

static int watched(int fd) { return fd >= 0 && fd < FDS_MAX && inodes[fd] != 0 && !is_folder[fd]; }

static int do_open(const char *path, int flags, mode_t mode) {
  const char *name = name_of(path);
  if (name == NULL) {
    int fd = real_open(path, flags, mode);
    if (fd >= 0 && fd < FDS_MAX) inodes[fd] = 0;
    return fd;
  }
  pthread_mutex_lock(&lock);
  struct stat before, now;
  int existed = stat(path, &before) == 0;
  int fd = real_open(path, flags, mode);
  int error = errno;
  if (fd >= FDS_MAX) die("too many files");
  if (fd >= 0) {
    if (fstat(fd, &now) != 0) die("fstat");
    inodes[fd] = now.st_ino;
    is_folder[fd] = S_ISDIR(now.st_mode);
    if (!is_folder[fd]) {
      uint64_t size = existed ? (uint64_t)before.st_size : 0;
      note((struct record){OPEN, existed ? 0 : 1, now.st_ino, 0, size, strlen(name)}, name);
      if (existed && size > 0 && (flags & O_TRUNC)) note((struct record){TRUNCATE, 0, now.st_ino, 0, 0, 0}, NULL);
    }
  }
  pthread_mutex_unlock(&lock);
  errno = error;
  return fd;
}

#define OPENING(name)                                \
  int name(const char *path, int flags, ...) {       \
    mode_t mode = 0;                                 \
    if (flags & (O_CREAT | O_TMPFILE)) {             \
      va_list list;                                  \
      va_start(list, flags);                         \
      mode = va_arg(list, mode_t);                   \
      va_end(list);                                  \
    }                                                \
    return do_open(path, flags, mode);               \
  }
OPENING(open)
OPENING(open64)
int creat(const char *path, mode_t mode) { return do_open(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int close(int fd) {
  if (fd < 0 || fd >= FDS_MAX || inodes[fd] == 0) return real_close(fd);
  pthread_mutex_lock(&lock);
  inodes[fd] = 0;
  int result = real_close(fd);
  pthread_mutex_unlock(&lock);
  return result;
}

static ssize_t do_pwrite(int fd, const void *data, size_t size, off_t offset) {
  if (!watched(fd)) return real_pwrite(fd, data, size, offset);
  pthread_mutex_lock(&lock);
  ssize_t done = real_pwrite(fd, data, size, offset);
  int error = errno;
  if (done > 0) note((struct record){WRITE, 0, inodes[fd], (uint64_t)offset, 0, (uint64_t)done}, data);
  pthread_mutex_unlock(&lock);
  errno = error;
  return done;
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return do_pwrite(fd, data, size, offset); }
ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) { return do_pwrite(fd, data, size, offset); }

ssize_t write(int fd, const void *data, size_t size) {
  if (!watched(fd)) return real_write(fd, data, size);
  pthread_mutex_lock(&lock);
  struct stat now;
  if (fstat(fd, &now) != 0) die("fstat");
  off_t offset = (fcntl(fd, F_GETFL) & O_APPEND) ? now.st_size : lseek(fd, 0, SEEK_CUR);
  ssize_t done = real_write(fd, data, size);
  int error = errno;
  if (done > 0) note((struct record){WRITE, 0, inodes[fd], (uint64_t)offset, 0, (uint64_t)done}, data);
  pthread_mutex_unlock(&lock);
  errno = error;
  return done;
}

static int do_truncate(int fd, off_t size) {
  if (!watched(fd)) return real_ftruncate(fd, size);
  pthread_mutex_lock(&lock);
  int result = real_ftruncate(fd, size);
  int error = errno;
  if (result == 0) note((struct record){TRUNCATE, 0, inodes[fd], (uint64_t)size, 0, 0}, NULL);
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}
int ftruncate(int fd, off_t size) { return do_truncate(fd, size); }
int ftruncate64(int fd, off_t size) { return do_truncate(fd, size); }

static int do_allocate(int fd, int mode, off_t offset, off_t size) {
  if (!watched(fd)) return real_fallocate(fd, mode, offset, size);
  if (mode != 0) die("a hole in a file is more than this log knows");
  pthread_mutex_lock(&lock);
  int result = real_fallocate(fd, mode, offset, size);
  int error = errno;
  if (result == 0) note((struct record){ALLOCATE, 0, inodes[fd], (uint64_t)offset, (uint64_t)size, 0}, NULL);
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}
int fallocate(int fd, int mode, off_t offset, off_t size) { return do_allocate(fd, mode, offset, size); }
int fallocate64(int fd, int mode, off_t offset, off_t size) { return do_allocate(fd, mode, offset, size); }
int posix_fallocate(int fd, off_t offset, off_t size) { return do_allocate(fd, 0, offset, size) == 0 ? 0 : errno; }
int posix_fallocate64(int fd, off_t offset, off_t size) { return posix_fallocate(fd, offset, size); }

static int do_sync(int fd) {
  if (fd < 0 || fd >= FDS_MAX || inodes[fd] == 0) return real_fsync(fd);
  if (no_sync && !is_folder[fd]) return 0;
  pthread_mutex_lock(&lock);
  int result = real_fsync(fd);
  int error = errno;
  if (result == 0) note((struct record){SYNC, is_folder[fd], inodes[fd], 0, 0, 0}, NULL);
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}
int fsync(int fd) { return do_sync(fd); }
int fdatasync(int fd) { return do_sync(fd); }

int unlink(const char *path) {
  const char *name = name_of(path);
  if (name == NULL || *name == 0) return real_unlink(path);
  pthread_mutex_lock(&lock);
  int result = real_unlink(path);
  int error = errno;
  if (result == 0) note((struct record){UNLINK, 0, 0, 0, 0, strlen(name)}, name);
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

static int move(int (*call)(const char *, const char *), uint32_t kind, const char *from, const char *to) {
  const char *old = name_of(from), *new = name_of(to);
  if (old == NULL && new == NULL) return call(from, to);
  if (old == NULL || new == NULL) die("a file came into the folder or left it");
  pthread_mutex_lock(&lock);
  int result = call(from, to);
  int error = errno;
  if (result == 0) {
    char names[8192];
    int length = snprintf(names, sizeof names, "%s%c%s", old, 0, new);
    note((struct record){kind, 0, 0, 0, 0, (uint64_t)length}, names);
  }
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}
int rename(const char *from, const char *to) { return move(real_rename, RENAME, from, to); }
int link(const char *from, const char *to) { return move(real_link, LINK, from, to); }

/* What would pass this log by is not allowed on a file that is watched. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
  static ssize_t (*real)(int, const struct iovec *, int);
  if (real == NULL) real = find("writev");
  if (watched(fd)) die("writev");
  return real(fd, parts, count);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  static ssize_t (*real)(int, const struct iovec *, int, off_t);
  if (real == NULL) real = find("pwritev");
  if (watched(fd)) die("pwritev");
  return real(fd, parts, count, offset);
}
