#pragma once

#include <charconv>
#include <cstdio>
#include <fstream>
#include <memory>
#include <stan/callbacks/writer.hpp>
#include <string>
#include <vector>

namespace driver {

// Writes the same characters as Stan's own stream writer, several times faster.
// A program with many columns spends most of the time outside its own code on
// printing numbers.
class CsvWriter final : public stan::callbacks::writer {
 public:
  CsvWriter() = default;
  CsvWriter(std::unique_ptr<std::ofstream> output, std::string comment_prefix)
      : output_(std::move(output)), comment_prefix_(std::move(comment_prefix)) {
    if (output_->precision() >= 0)
      digits_ = static_cast<int>(output_->precision());
  }

  void operator()(const std::vector<std::string>& names) override {
    if (!output_ || names.empty()) return;
    for (const std::string& name : names) line_.append(name).push_back(',');
    end_line(1);
    output_->flush();
  }

  void operator()(const std::vector<double>& values) override {
    if (!output_ || values.empty()) return;
    write_row(values.data(), values.size(), ",");
    output_->flush();
  }

  // A matrix has parameters in rows and draws in columns; Stan writes a blank
  // after each comma.
  void operator()(const Eigen::MatrixXd& values) override {
    if (!output_ || values.size() == 0) return;
    for (Eigen::Index draw = 0; draw < values.cols(); ++draw)
      write_row(values.col(draw).data(), values.rows(), ", ");
  }

  void operator()(const Eigen::VectorXd& values) override {
    if (output_ && values.size() > 0)
      write_row(values.data(), values.size(), ", ");
  }

  void operator()(const Eigen::RowVectorXd& values) override {
    if (output_ && values.size() > 0)
      write_row(values.data(), values.size(), ", ");
  }

  void operator()() override {
    if (output_) *output_ << comment_prefix_ << std::endl;
  }

  void operator()(const std::string& message) override {
    if (output_) *output_ << comment_prefix_ << message << std::endl;
  }

  bool is_valid() const noexcept override { return output_ && output_->good(); }

 private:
  void write_row(const double* values, std::size_t count,
                 const std::string& between) {
    for (std::size_t i = 0; i < count; ++i) {
      append_number(values[i]);
      line_.append(between);
    }
    end_line(between.size());
  }

  // Prints as `<<` does at the stream's precision, which is C's %g.
  void append_number(double number) {
    char text[64];
#ifdef __cpp_lib_to_chars
    const auto end = std::to_chars(text, text + sizeof text, number,
                                   std::chars_format::general, digits_);
    line_.append(text, end.ptr);
#else
    line_.append(text,
                 std::snprintf(text, sizeof text, "%.*g", digits_, number));
#endif
  }

  void end_line(std::size_t surplus) {
    line_.resize(line_.size() - surplus);
    line_.push_back('\n');
    output_->write(line_.data(), static_cast<std::streamsize>(line_.size()));
    line_.clear();
  }

  std::unique_ptr<std::ofstream> output_;
  std::string comment_prefix_;
  std::string line_;
  int digits_ = 6;
};

}  // namespace driver
