#include "program/executor.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "program/failure.h"
#include "program/idle_team.h"

namespace torch_lora {

namespace {

// Between the event loop's 0 and a batch job's 19: the loop pre-empts us, other processes hardly notice.
constexpr int kNiceness = 5;

}  // namespace

Executor::Executor(Finished finished) : finished_(std::move(finished)), thread_([this] { loop(); }) {}

Executor::~Executor() { close(); }

uint64_t Executor::submit(std::unique_ptr<Job> job, size_t maxQueue) {
  endIdleTeam();
  std::lock_guard lock(mutex_);
  if (closing_) throw Failure("ABORTED", "The executor is closed.");
  if (queue_.size() >= maxQueue) {
    throw Failure("QUEUE_FULL", "The queue is full: " + std::to_string(queue_.size()) +
                                    " runs already wait. Await earlier runs, or raise maxQueue.");
  }
  const uint64_t number = nextNumber_++;
  queue_.push_back({number, std::move(job)});
  wake_.notify_one();
  return number;
}

bool Executor::cancel(uint64_t number) {
  std::unique_ptr<Job> job;
  {
    std::lock_guard lock(mutex_);
    if (running_ && runningNumber_ == number) {
      running_->cancelled = true;
      return true;
    }
    for (auto entry = queue_.begin(); entry != queue_.end(); ++entry) {
      if (entry->number != number) continue;
      if (entry->job->binding) return false;
      job = std::move(entry->job);
      queue_.erase(entry);
      break;
    }
  }
  if (!job) return false;
  job->refuse("ABORTED", "The run was aborted before it started.");
  finished_(std::move(job));
  return true;
}

bool Executor::stop() {
  std::deque<Entry> refused;
  bool idle = false;
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    idle = running_ == nullptr;
    if (!idle) running_->cancelled = true;
    refused.swap(queue_);
    wake_.notify_one();
  }
  for (Entry& entry : refused) {
    entry.job->refuse("ABORTED", "The executor was closed before the run started.");
    finished_(std::move(entry.job));
  }
  return idle;
}

void Executor::close() {
  stop();
  if (thread_.joinable()) thread_.join();
}

size_t Executor::waiting() const {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

void Executor::loop() {
  // Never above the process: with the right to, a job that was started at 19 would be lifted to 5.
  const auto self = static_cast<id_t>(syscall(SYS_gettid));
  setpriority(PRIO_PROCESS, self, std::max(getpriority(PRIO_PROCESS, self), kNiceness));
  std::unique_ptr<Job> underWay;  // on a device
  const auto finishUnderWay = [&] {
    if (!underWay) return;
    underWay->finish();
    finished_(std::move(underWay));
  };
  for (;;) {
    Entry entry;
    {
      std::unique_lock lock(mutex_);
      if (queue_.empty() && underWay) {
        lock.unlock();
        finishUnderWay();
        lock.lock();
      }
      wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      if (queue_.empty()) return;
      entry = std::move(queue_.front());
      queue_.pop_front();
      running_ = entry.job.get();
      runningNumber_ = entry.number;
    }
    const bool done = entry.job->run();
    {
      std::lock_guard lock(mutex_);
      running_ = nullptr;
      runningNumber_ = 0;
    }
    finishUnderWay();  // jobs are finished in their order
    if (done) {
      finished_(std::move(entry.job));
    } else {
      underWay = std::move(entry.job);
    }
  }
}

}  // namespace torch_lora
