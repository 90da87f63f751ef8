#pragma once

#include <functional>
#include <string>

namespace vethscope {

/**
 * Runs work inside a network namespace, on a thread made for it: Node's own threads never change namespace.
 * Throws what the work throws, and Failure when the namespace cannot be entered.
 */
void run_in_namespace(int namespace_fd, const std::string& path, const std::function<void()>& work);

}  // namespace vethscope
