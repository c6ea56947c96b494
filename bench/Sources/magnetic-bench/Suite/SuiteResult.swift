import Foundation
import MPOModel

/// What a run of the suite leaves: who did what, with every repeat, and the table's rows.
struct SuiteResult: Codable {
  /// How to read `share`.
  static let formula =
    "share = max(FLOPs / peak, bytes / read) / median seconds; FLOPs and bytes are the least "
    + "that the phase needs (`cost`, one repeat; DecoderCost.swift says what counts); peak is "
    + "fma_f32 or a sixth of tile_bf16, for bf16 dot_bf16 or tile_bf16; peak and read are the best of "
    + "this run's measurements over all cores; on an OpenCL device bytes go by its own copies"

  var date: String
  var commit: String
  var device: String
  var command: String
  var host: [String: String]
  var versions: [String: String] = [:]
  var share = Self.formula
  /// Every measurement of the limits, per second.
  var limits: [String: [Double]] = [:]
  var entries: [Entry] = []
  var rows: [Row] = []

  struct Entry: Codable {
    enum Status: String, Codable { case measured, stored, missing, failed, skipped }
    var workload: String
    var contender: String
    var command: String
    /// When it was measured (ISO 8601), or tried.
    var date: String
    var status: Status
    var reason: String?
    var report: Report?
  }

  struct Row: Codable {
    var workload: String
    var measure: String
    var ours: Double?
    var peer: String?
    var theirs: Double?
    /// Why there is no figure, or from when a stored one is.
    var remark: String?
    /// How many times better we are: rates ours / theirs, times and memory theirs / ours.
    var ratio: Double?
    /// Of the limit, ours.
    var share: Double?
  }

  /// What `contender` measured here for `workload`.
  func measured(_ workload: String, _ contender: String) -> Entry? {
    entries.last {
      $0.workload == workload && $0.contender == contender && $0.report != nil
        && ($0.status == .measured || $0.status == .stored)
    }
  }

  static func read(_ path: String) throws -> SuiteResult {
    try JSONDecoder().decode(
      SuiteResult.self, from: try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  /// Whole or not at all: written beside and renamed.
  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let url = URL(fileURLWithPath: path)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try (try encoder.encode(self) + Data("\n".utf8)).write(to: url, options: .atomic)
  }
}

/// Figures of peers that are not measured in this run, from files of earlier ones.
struct StoredFigures {
  private let results: [SuiteResult]

  /// From one file, whatever its device.
  init(file: String) throws { results = [try SuiteResult.read(file)] }

  /// From all files of a folder that were measured on `device`, the newest first.
  init(folder: String, device: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    results = names.filter { $0.hasSuffix(".json") }
      .compactMap { try? SuiteResult.read("\(folder)/\($0)") }
      .filter { $0.device == device }.sorted { $0.date > $1.date }
  }

  func entry(_ workload: String, _ contender: String) -> SuiteResult.Entry? {
    guard var entry = results.lazy.compactMap({ $0.measured(workload, contender) }).first
    else { return nil }
    entry.status = .stored
    return entry
  }
}
