#pragma once
// Precompiled once for every operator file: ATen alone takes most of a file's compile time.
#include "glibc_2_28.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>
