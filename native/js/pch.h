#pragma once
// Precompiled once for every file of the Node side.
#include "glibc_2_28.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <napi.h>
