import Foundation
import MPOModel

// The results for programs.

extension RecipeCollection {
  /// `{recipe, title, date, commit, version, devices, ..., columns, rows, checks, choice, cost, runs}`;
  /// every row has its cells by column name: mean, standard_error (null for one seed), n, seeds and
  /// values. Times are in seconds, memory in MiB.
  func json(pictures files: [String]) -> JSONValue {
    let recipe = plan.recipe
    var object = JSONObject()
    object["recipe"] = .string(recipe.name)
    object["file"] = .string(recipe.file)
    object["title"] = .string(collecting.title)
    object["date"] = .string(date)
    addOrigin(&object)
    object["jobs"] = .integer(recipe.jobs)
    object["threads"] = .integer(recipe.threads)
    var variables = JSONObject()
    for variable in recipe.variables { variables[variable.name] = .string(variable.value) }
    object["variables"] = .object(variables)
    object["columns"] = .array(collecting.columns.map(json))
    object["rows"] = .array(rows.map(json))
    object["checks"] = .array(verdicts.map(json))
    object["missing"] = texts(missing.map(\.description))
    object["pictures"] = texts(files)
    var printed = JSONObject()
    for (id, text) in outputs { printed[id.description] = .string(text) }
    object["outputs"] = .object(printed)
    object["tune_seeds"] = .array(recipe.tuneSeeds.map { .integer($0) })
    object["choice"] = choice?.json ?? .null
    object["cost"] = RecipeCost(runs.map(\.figures.record)).map(json) ?? .null
    object["runs"] = .array(runs.map { json($0.figures.record) })
    return .object(object)
  }

  private func texts(_ list: [String]) -> JSONValue { .array(list.map { .string($0) }) }

  private func addOrigin(_ object: inout JSONObject) {
    let host = ProcessInfo.processInfo
    object["commit"] = texts(builds.map(\.commit))
    object["version"] = texts(builds.map(\.version))
    object["binary"] = texts(builds.map(\.binary))
    object["devices"] = texts(devices)
    object["cores"] = .integer(host.activeProcessorCount)
    object["memory_gib"] = .integer(Int(host.physicalMemory >> 30))
    object["system"] = .string(host.operatingSystemVersionString)
  }

  private func json(_ column: RecipeCollecting.Column) -> JSONValue {
    var object = JSONObject()
    object["name"] = .string(column.name)
    object["title"] = .string(column.title)
    object["stage"] = .string(column.measure.stage)
    object["source"] = .string(column.measure.source.rawValue)
    object["value"] = .string(column.measure.path)
    return .object(object)
  }

  private func json(_ row: Row) -> JSONValue {
    var cells = JSONObject()
    for (index, column) in collecting.columns.enumerated() {
      let found = row.cells[index]
      var cell = JSONObject()
      cell["mean"] = .number(found.mean)
      cell["standard_error"] = found.standardError.map { .number($0) } ?? .null
      cell["n"] = .integer(found.count)
      cell["seeds"] = .array(row.seeds[index].map { .integer($0) })
      cell["values"] = .array(found.values.map { .number($0) })
      cells[column.name] = .object(cell)
    }
    var object = JSONObject()
    object["title"] = .string(row.title)
    object["method"] = row.method.map { .string($0) } ?? .null
    object["cells"] = .object(cells)
    return .object(object)
  }

  private func json(_ verdict: Verdict) -> JSONValue {
    var object = JSONObject()
    object["text"] = .string(verdict.text)
    object["value"] = .number(verdict.value)
    object["met"] = .bool(verdict.isMet)
    return .object(object)
  }

  private func json(_ cost: RecipeCost) -> JSONValue {
    var object = JSONObject()
    object["runs"] = .integer(cost.runs)
    object["elapsed_seconds"] = .number(cost.elapsed)
    object["seconds"] = .number(cost.seconds)
    object["cpu_seconds"] = .number(cost.cpuSeconds)
    object["peak_rss_mib"] = .number(cost.peakRSS)
    return .object(object)
  }

  private func json(_ record: RunRecord) -> JSONValue {
    var settings = JSONObject()
    for (name, text) in record.settings.sorted(by: { $0.key < $1.key }) {
      settings[name] = (try? JSONValue(parsing: text, path: name)) ?? .string(text)
    }
    var object = JSONObject()
    object["run"] = .string(record.run)
    object["seconds"] = .number(record.seconds)
    object["cpu_seconds"] = .number(record.cpuSeconds)
    object["peak_rss_mib"] = .number(record.peakRSS)
    object["attempts"] = .integer(record.attempts.count)
    object["commit"] = .string(record.build.commit)
    object["settings"] = .object(settings)
    return .object(object)
  }
}
