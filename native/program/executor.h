#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace torch_lora {

// One piece of work for the executor. run() and finish() are called on its thread and must not throw.
class Job {
 public:
  virtual ~Job() = default;
  // Whether all is done. Else a device is still at work, and finish() waits for it: called after the run() of the next
  // job, which so finds the device at work and not idle, or at once where there is none.
  virtual bool run() = 0;
  virtual void finish() {}
  // Called instead of run() when the job is taken out of the queue before it started.
  virtual void refuse(const char* code, const char* message) = 0;

  std::atomic<bool> cancelled{false};
  bool binding = false;  // other processes count on it: it is not taken out of the queue
};

// One native thread that runs jobs in order, so that no model ever runs on the thread of the event loop.
// libtorch's own intra-op threads are started by it and share its lower scheduling priority: a waking event
// loop always wins the processor.
class Executor {
 public:
  using Finished = std::function<void(std::unique_ptr<Job>)>;

  // `finished` takes every submitted job exactly once, on the executor's thread or on the one that cancels.
  explicit Executor(Finished finished);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Queues a job and returns its number; also ends the calling thread's idle team. Throws Failure "QUEUE_FULL" when
  // `maxQueue` jobs already wait.
  uint64_t submit(std::unique_ptr<Job> job, size_t maxQueue);
  // Takes a waiting job out of the queue, or asks the running one to stop; false when it is neither, or binding.
  bool cancel(uint64_t number);
  // Takes no more jobs, refuses what waits and asks the running job to stop; whether none is running.
  bool stop();
  // stop(), and joins the thread.
  void close();
  size_t waiting() const;

 private:
  struct Entry {
    uint64_t number;
    std::unique_ptr<Job> job;
  };
  void loop();

  Finished finished_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Entry> queue_;
  uint64_t nextNumber_ = 1;
  uint64_t runningNumber_ = 0;
  Job* running_ = nullptr;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace torch_lora
