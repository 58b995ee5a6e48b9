#pragma once
// Work shared among ATen's threads, each share of which a trace shows.
#include <ATen/Parallel.h>

#include "ops/trace.h"

namespace torch_lora {

// body(begin, end) for parts of [begin, end) of at least `grain`, on as many threads as there are such parts.
template <class Body>
void parallel(const char* name, int64_t begin, int64_t end, int64_t grain, const Body& body) {
  at::parallel_for(begin, end, grain, [&](int64_t first, int64_t last) {
    const Span span(name);
    body(first, last);
  });
}

}  // namespace torch_lora
