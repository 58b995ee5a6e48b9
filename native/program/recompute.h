#pragma once
#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "program/program.h"

namespace torch_lora {

// Makes `instructions` one instruction that gives `output` alone: a program of their own, whose inputs are what they
// read and do not write.
Instruction recomputed(std::vector<Instruction> instructions, Slot output);

// What PyTorch calls gradient checkpointing (torch.utils.checkpoint): runs `body` without recording for autograd and
// keeps its inputs alone; backward runs it again, from the same state of the random generators, and differentiates that
// run.
at::Tensor recompute(std::shared_ptr<const Program> body, std::vector<c10::IValue> inputs);

}  // namespace torch_lora
