#pragma once
// A block of the GPU as threads of the processor: each runs a kernel's body with its own number, so that the split of
// the work between threads and the barriers between its steps are tested too, not only the arithmetic.
#include <barrier>
#include <thread>
#include <vector>

template <class A>
struct HostBlock {
  int thread, threads;
  std::barrier<>* barrier;
  A* shared;  // [threads]

  void sync() const { barrier->arrive_and_wait(); }
  A sum(A value) const {
    sync();
    shared[thread] = value;
    sync();
    A total = 0;
    for (int i = 0; i < threads; ++i) total += shared[i];
    return total;
  }
};

template <class A, class Body>
void run_block(int threads, Body body) {
  std::barrier<> barrier(threads);
  std::vector<A> shared(threads);
  std::vector<std::thread> workers;
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back([&, i] { body(HostBlock<A>{i, threads, &barrier, shared.data()}); });
  }
  for (auto& worker : workers) worker.join();
}
