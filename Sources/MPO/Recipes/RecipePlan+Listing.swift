import Foundation

extension RecipePlan {
  /// Hands the words of every run to a parser, so that a wrong option is found before the first run.
  /// - Throws: `ConfigurationError` with the stage's place and what `parse` said.
  public func check(_ parse: ([String]) throws -> Void) throws {
    for id in ids {
      guard let stage = recipe.stage(id.stage), let run = try resolve(id, choices: nil) else {
        continue
      }
      do {
        try parse(try words(run))
      } catch {
        throw ConfigurationError.file("\(stage.location): \(id): \(error)")
      }
    }
  }

  private func words(_ run: Resolved) throws -> [String] {
    try run.command.arguments(
      run.settings, words: run.words, file: "\(folder(run.id))/settings.yaml",
      threads: recipe.threads)
  }

  /// One line for each run, and its settings: what `--dry-run` prints. A run is done when its record
  /// has today's fingerprint; those that wait for a grid's choice show its first point.
  public func listing(only: [String] = []) throws -> [String] {
    let selected = try RecipeRunner.select(only, self)
    var fingerprints: [ID: String] = [:]
    var lines: [String] = []
    for id in ids {
      guard let run = try resolve(id, choices: nil) else {
        if selected.contains(id) { lines.append("\(id)  (no process)") }
        continue
      }
      let before = try needs(id).compactMap { fingerprints[$0] }
      let fingerprint = RunFingerprint.of(run, files: recipe.files, before: before)
      fingerprints[id] = fingerprint
      guard selected.contains(id) else { continue }
      let record = RunRecord.read(folder(id))
      let state: String
      if waitsForChoice(id) {
        state = "waits for '\(recipe.choosing?.name ?? "")', here with the first point"
      } else if let record, record.fingerprint == fingerprint {
        state = record.state == .done ? "done" : "to be run, was \(record.state.rawValue)"
      } else {
        state = record == nil ? "to be run" : "to be run anew, its settings have changed"
      }
      lines.append("\(id)  [\(state)]")
      lines.append("  magnetic \(try words(run).map(Self.shellWord).joined(separator: " "))")
      if run.command.readsConfiguration {
        lines += run.settings.map { "    \($0.name): \($0.value.jsonText())" }
      }
    }
    return lines
  }

  /// In quotes where a shell would read something else.
  private static func shellWord(_ text: String) -> String {
    let isPlain = text.allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber || "-_./=:,+".contains($0))
    }
    return isPlain && !text.isEmpty ? text : "'\(text.replacing("'", with: "'\\''"))'"
  }
}
