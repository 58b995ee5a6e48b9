#pragma once
// Work shared among threads of our own, each share of which a trace shows.
//
// A parallel region of OpenMP ends when each of its threads has arrived, also one that the system has not let run since
// the region began: in a service other threads want the same cores. Here the caller takes parts itself, and at the end
// it waits only for those who are at work on one.
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>

namespace torch_lora {

// Parts a thread, where there is enough work: what one does not come to, others take.
constexpr int64_t kPartsPerThread = 4;

// How many threads a region may have: as many as ATen's, and one within a region.
[[gnu::visibility("default")]] int64_t threads_here();

// Parts are dealt out in as many rows of neighbours as there are threads. @return where the row of `part` ends
constexpr int64_t share_end(int64_t part, int64_t parts, int64_t threads) {
  const int64_t shares = std::min(parts, threads);
  return parts * (((part + 1) * shares - 1) / parts + 1) / shares;
}

// run(body, part) for each of `parts`, on `threads` threads at most, this one among them. Neighbouring parts are taken
// by one thread while others have work of their own. The first exception of a part is thrown here; parts that had not
// begun are then left out.
[[gnu::visibility("default")]] void share_parts(const char* name, int64_t parts, int64_t threads,
                                                void (*run)(const void* body, int64_t part), const void* body);

template <class Body>
void share(const char* name, int64_t parts, int64_t threads, const Body& body) {
  share_parts(
      name, parts, threads, [](const void* own, int64_t part) { (*static_cast<const Body*>(own))(part); }, &body);
}

// body(begin, end) for parts of [begin, end) of about `grain` at least.
template <class Body>
void parallel(const char* name, int64_t begin, int64_t end, int64_t grain, const Body& body) {
  if (begin >= end) return;
  const int64_t items = end - begin, most = (items + grain - 1) / grain, threads = std::min(most, threads_here());
  const int64_t parts = threads == 1 ? 1 : std::min(most, kPartsPerThread * threads);
  share(name, parts, threads,
        [&](int64_t part) { body(begin + items * part / parts, begin + items * (part + 1) / parts); });
}

}  // namespace torch_lora
