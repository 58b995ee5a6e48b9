#pragma once
// Precompiled once for every file of the Node side.
#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <napi.h>
