/* Preloaded into a server: once the file that FAIL_SYNCS_WHEN names is there, every fsync and fdatasync answers EIO. Before that, each
   takes SLOW_SYNCS_MS longer. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int fails(void) {
  const char* name = getenv("FAIL_SYNCS_WHEN");
  const char* slow = getenv("SLOW_SYNCS_MS");
  if (slow != NULL) usleep((useconds_t)atoi(slow) * 1000);
  if (name == NULL || access(name, F_OK) != 0) return 0;
  errno = EIO;
  return 1;
}

int fsync(int file) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  return fails() ? -1 : real(file);
}

int fdatasync(int file) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  return fails() ? -1 : real(file);
}
