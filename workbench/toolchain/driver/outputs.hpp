#pragma once

#include <fstream>
#include <memory>
#include <stan/callbacks/json_writer.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "csv_writer.hpp"
#include "paths.hpp"
#include "session.hpp"

namespace driver {

using JsonWriter = stan::callbacks::json_writer<std::ofstream>;

inline std::unique_ptr<std::ofstream> open_output(const std::string& path,
                                                  int digits) {
  auto stream = std::make_unique<std::ofstream>(path);
  if (!*stream)
    throw std::runtime_error("the output file \"" + path +
                             "\" cannot be opened for writing.");
  stream->precision(digits);
  return stream;
}

inline int significant_digits(const Session& session) {
  return session.settings.integer("output.sig_figs");
}

// Opens a CSV file and writes the comments on how it was made.
inline CsvWriter open_csv(const Session& session, const std::string& path,
                          const std::vector<std::string>& header) {
  CsvWriter writer(open_output(path, significant_digits(session)), "# ");
  for (const std::string& line : header) writer(line);
  return writer;
}

inline JsonWriter open_json(const Session& session, const std::string& path) {
  return JsonWriter(open_output(path, significant_digits(session)));
}

inline SplitPath output_path(const Session& session) {
  SplitPath path = split_path(session.settings.text("output.file"));
  if (path.suffix.empty()) path.suffix = ".csv";
  return path;
}

inline std::vector<CsvWriter> open_csvs(
    const Session& session, const std::vector<std::string>& paths,
    const std::vector<std::string>& header) {
  std::vector<CsvWriter> writers;
  writers.reserve(paths.size());
  for (const std::string& path : paths)
    writers.push_back(open_csv(session, path, header));
  return writers;
}

inline std::vector<CsvWriter> open_outputs(const Session& session, int chains) {
  return open_csvs(session,
                   chain_paths(output_path(session), chains, session.id),
                   session.header);
}

// Opens the files for unconstrained draws and gradients; without a diagnostic
// file, returns writers that write nothing.
inline std::vector<CsvWriter> open_diagnostics(const Session& session,
                                               int chains) {
  const std::string& file = session.settings.text("output.diagnostic_file");
  if (file.empty()) return std::vector<CsvWriter>(chains);
  SplitPath path = split_path(file);
  if (path.suffix.empty()) path.suffix = ".csv";
  return open_csvs(session, chain_paths(path, chains, session.id),
                   session.brief_header);
}

// Throws if the disk was full: Stan does not check its streams.
inline void require_complete(const CsvWriter& writer) {
  if (!writer.is_valid())
    throw std::runtime_error(
        "the output could not be written in full: is the disk full?");
}

inline void require_complete(const std::vector<CsvWriter>& writers) {
  for (const CsvWriter& writer : writers) require_complete(writer);
}

}  // namespace driver
