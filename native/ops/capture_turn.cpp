#include "ops/capture_turn.h"

#include <shared_mutex>

#if defined(TORCH_LORA_OLDEST)
// std::shared_mutex: in libpthread until 2.34, which Node links to (see glibc_2_28.h).
TORCH_LORA_OLDEST(pthread_rwlock_rdlock);
TORCH_LORA_OLDEST(pthread_rwlock_wrlock);
TORCH_LORA_OLDEST(pthread_rwlock_unlock);
#endif

namespace torch_lora {
namespace {

// Never destroyed: threads may outlive this file's statics.
std::shared_mutex& mutex() {
  static auto& instance = *new std::shared_mutex();
  return instance;
}

thread_local int depth = 0;     // of turns that this thread has
thread_local int captures = 0;  // of them, those that nobody shares

}  // namespace

RandomTurn::RandomTurn() {
  if (depth++ == 0) mutex().lock_shared();
}

RandomTurn::~RandomTurn() {
  if (--depth == 0) mutex().unlock_shared();
}

CoveredTurn::CoveredTurn() { ++depth; }

CoveredTurn::~CoveredTurn() { --depth; }

CaptureTurn::CaptureTurn() {
  if (captures++ == 0) mutex().lock();
  ++depth;
}

CaptureTurn::~CaptureTurn() {
  --depth;
  if (--captures == 0) mutex().unlock();
}

}  // namespace torch_lora
