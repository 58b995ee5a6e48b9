// Makes a machine look as if it had NVIDIA's driver, by one of the paths by which torch-lora tells
// (lib/libtorch/inspect.ts); Node asks for it in either way.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

static const char* seen(const char* path) { return strcmp(path, "/dev/nvidiactl") == 0 ? "/dev/null" : path; }

extern "C" {

int access(const char* path, int mode) noexcept { return faccessat(AT_FDCWD, seen(path), mode, 0); }
int stat(const char* path, struct stat* status) noexcept { return fstatat(AT_FDCWD, seen(path), status, 0); }

int cuDevicePrimaryCtxGetState(int, unsigned* flags, int* active) {
  *flags = 0;
  *active = 1;
  return 0;
}
int cuCtxGetCurrent(void** context) {
  static int any;
  *context = &any;
  return 0;
}

}  // extern "C"
