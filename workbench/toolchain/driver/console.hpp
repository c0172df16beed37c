#pragma once

#include <iostream>
#include <mutex>
#include <sstream>
#include <stan/callbacks/logger.hpp>
#include <string>

namespace driver {

// Prints Stan's messages: information to standard output, errors to standard
// error. Parallel chains share it, so each line is written in one piece.
class Console final : public stan::callbacks::logger {
 public:
  void debug(const std::string& line) override { write(std::cout, line); }
  void debug(const std::stringstream& line) override { debug(line.str()); }
  void info(const std::string& line) override { write(std::cout, line); }
  void info(const std::stringstream& line) override { info(line.str()); }
  void warn(const std::string& line) override { write(std::cout, line); }
  void warn(const std::stringstream& line) override { warn(line.str()); }
  void error(const std::string& line) override {
    last_error_ = line;
    write(std::cerr, line);
  }
  void error(const std::stringstream& line) override { error(line.str()); }
  void fatal(const std::string& line) override { error(line); }
  void fatal(const std::stringstream& line) override { error(line.str()); }

  // The last error that Stan reported.
  const std::string& last_error() const { return last_error_; }

 private:
  void write(std::ostream& stream, const std::string& line) {
    const std::lock_guard<std::mutex> one_at_a_time(mutex_);
    stream << line + "\n" << std::flush;
  }

  std::mutex mutex_;
  std::string last_error_;
};

}  // namespace driver
