#pragma once
// A block of the GPU as threads of the processor: each runs a kernel's body with its own number, so that the split of
// the work between threads and the barriers between its steps are tested too, not only the arithmetic.
#include <algorithm>
#include <array>
#include <atomic>
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

// A tensor core: the threads of a warp put their fragments of mma.m16n8k16 side by side, and each forms its four sums
// from the matrices that these are by PTX's definition.
template <class T>
struct Fragments {
  T left[32][8], right[32][4], values[32];
  std::barrier<> barrier{32};
};

template <class T>
struct FragmentBlock : HostBlock<T> {
  Fragments<T>* warps;

  void multiply(T (&sums)[4], const T (&left)[8], const T (&right)[4]) const {
    Fragments<T>& warp = warps[this->thread / 32];
    const int lane = this->thread % 32;
    std::copy_n(left, 8, warp.left[lane]);
    std::copy_n(right, 4, warp.right[lane]);
    warp.barrier.arrive_and_wait();
    const auto a = [&](int row, int k) {  // 16 x 16: rows g and g + 8, columns 2t, 2t + 1, 2t + 8, 2t + 9
      return warp.left[row % 8 * 4 + k % 8 / 2][k / 8 * 4 + row / 8 * 2 + k % 2];
    };
    const auto b = [&](int k, int column) {  // 16 x 8: rows 2t, 2t + 1, 2t + 8, 2t + 9 of column g
      return warp.right[column * 4 + k % 8 / 2][k / 8 * 2 + k % 2];
    };
    for (int q = 0; q < 4; ++q) {  // 16 x 8: rows g and g + 8, columns 2t and 2t + 1
      const int row = lane / 4 + q / 2 * 8, column = lane % 4 * 2 + q % 2;
      for (int k = 0; k < 16; ++k) sums[q] += a(row, k) * b(k, column);
    }
    warp.barrier.arrive_and_wait();
  }

  T sum_of_four(T value) const {
    const auto four = shown(value);
    return (four[0] + four[1]) + (four[2] + four[3]);
  }
  T largest_of_four(T value) const {
    const auto four = shown(value);
    return *std::max_element(four.begin(), four.end());
  }
  void add(T* sum, T value) const { std::atomic_ref<T>(*sum).fetch_add(value); }

 private:
  std::array<T, 4> shown(T value) const {
    Fragments<T>& warp = warps[this->thread / 32];
    const int lane = this->thread % 32;
    warp.values[lane] = value;
    warp.barrier.arrive_and_wait();
    std::array<T, 4> four;
    std::copy_n(warp.values + lane / 4 * 4, 4, four.begin());
    warp.barrier.arrive_and_wait();
    return four;
  }
};

// A block of `warps` warps with tensor cores.
template <class T, class Body>
void run_fragments(int warps, Body body) {
  std::vector<Fragments<T>> fragments(warps);
  run_block<T>(32 * warps, [&](const HostBlock<T>& block) { body(FragmentBlock<T>{block, fragments.data()}); });
}
