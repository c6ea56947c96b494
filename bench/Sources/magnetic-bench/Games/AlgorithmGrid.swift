import MPO

/// One column of the table: the settings that a method may choose from.
struct AlgorithmGrid {
  let title: String
  let choices: [AlgorithmChoice]
  /// Judged by its average iterate.
  var average = false

  static func all() throws -> [AlgorithmGrid] {
    let etas = ["0.1", "0.3", "1", "2"]
    let alphas = ["0.02", "0.05", "0.1", "0.3"]
    let periods = ["20", "50", "100", "200"]
    func product(_ name: String) throws -> [AlgorithmChoice] {
      try etas.flatMap { eta in
        try alphas.flatMap { alpha in
          try periods.map { try AlgorithmChoice("\(name):eta=\(eta),alpha=\(alpha),sync=\($0)") }
        }
      }
    }
    func rates(_ name: String, _ etas: [String]) throws -> [AlgorithmChoice] {
      try etas.map { try AlgorithmChoice("\(name):eta=\($0)") }
    }
    return [
      AlgorithmGrid(title: "MPO adaptive", choices: [try AlgorithmChoice("mpo-adaptive")]),
      AlgorithmGrid(title: "MPO fixed", choices: try product("mpo")),
      AlgorithmGrid(
        title: "OMWU", choices: try rates("omwu", ["0.1", "0.3", "0.5", "1", "1.5", "2", "4"])),
      AlgorithmGrid(title: "EGPO, refreshed", choices: try product("egpo")),
      AlgorithmGrid(title: "Nash-MD, refreshed", choices: try product("nash-md")),
      AlgorithmGrid(
        title: "MWU, average", choices: try rates("mwu", ["0.01", "0.03", "0.1", "0.3", "1"]),
        average: true),
    ]
  }
}
