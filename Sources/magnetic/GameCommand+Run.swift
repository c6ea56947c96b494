import ArgumentParser
import MPO
import MPOBackend

extension GameCommand {
  /// One game in full, or many together.
  func playGames(_ picture: PictureFile?) throws {
    var settings = GameSettings(algorithms: try algorithms(default: "mpo-adaptive"))
    settings.steps = steps ?? settings.steps
    settings.start = try startingPoint()
    settings.exact = exact
    if let opponents, opponents != 0 {
      settings.feedback = .sampled(opponents: opponents, seed: UInt64(seed ?? 0))
    }
    try settings.validate()
    let source = game ?? "g1"
    let loaded = try GameSource.load(source, options: try file.resolved())
    let games = try file.prompt.map { [try loaded.game(prompt: $0)] } ?? loaded.games
    if file.prompt == nil { for text in loaded.notes { note("note: \(text)") } }
    StopSignal.install()
    if games.count == 1, let only = games.first {
      try playOne(only, settings, picture)
    } else {
      try playMany(games, of: source, settings, picture)
    }
  }

  private func playOne(
    _ named: NamedGame, _ settings: GameSettings, _ picture: PictureFile?
  ) throws {
    _ = try settings.start.logPolicy(named.game.count)
    if !json { try output(GameReport.header(named, settings) + "\n") }
    if exact == true, named.game.count > GameSettings.exactCount {
      let hundreds = Double(named.game.count) / 100
      note(
        "note: --exact takes about \(Int(3 * hundreds * hundreds * hundreds)) s for each "
          + "algorithm at the end, which a second Ctrl-C ends without results")
    }
    let progress = GameProgress(settings.algorithms.count, settings.steps)
    let report = try GameReport(named, settings) { progress.goesOn() }
    progress.finish()
    try show(report.text, report.jsonLines)
    if json { for text in report.notes { note("note: \(text)") } }
    try write(report.svg, picture)
    try finish(report.isStopped, progress)
  }

  private func playMany(
    _ games: [NamedGame], of source: String, _ settings: GameSettings, _ picture: PictureFile?
  ) throws {
    guard exact != true else {
      throw ValidationError(
        "--exact is for one game, found \(games.count); choose one with --prompt, or --pooled")
    }
    if !json {
      try output(GamesReport.header(source: source, games, settings) + "\n")
    }
    let progress = GameProgress(games.count, settings.algorithms.count, settings.steps)
    let report = try GamesReport(source: source, games, settings) { progress.goesOn() }
    progress.finish()
    try show(report.text, report.jsonLines)
    try write(report.svg, picture)
    if report.isStopped { note("\(report.played) of \(games.count) games were played to the end") }
    try finish(report.isStopped, progress)
  }

  func playBatch(_ games: Int, _ picture: PictureFile?) throws {
    let choices = try algorithms(default: "mpo")
    guard choices.count == 1, let choice = choices.first else {
      throw ValidationError("a --batch plays one --algorithm, found \(choices.count)")
    }
    var batch = GameBatch(games: games, size: batchOptions.size ?? 64, algorithm: choice)
    batch.steps = steps ?? batch.steps
    batch.start = try startingPoint()
    batch.seed = UInt64(seed ?? 0)
    if let name = batchOptions.precision {
      guard let precision = GameBatch.Precision(rawValue: name) else {
        throw ValidationError("--precision: expected f32 or f64, found '\(name)'")
      }
      batch.precision = precision
    }
    try batch.validate()
    StopSignal.install()
    let backend = try device.open()
    try batch.checkMemory(backend.description)
    if !json { try output(GameBatchReport.header(batch) + "\n") }
    let progress = GameProgress(batch.steps)
    let report = try GameBatchReport(batch, on: backend) { progress.goesOn(done: $0) }
    progress.finish()
    try show(report.text, [report.jsonLine])
    try write(report.chart.svg, picture)
    try finish(report.isStopped, progress)
  }

  func show(_ text: String, _ lines: [String]) throws {
    for line in json ? lines : [text] { try output(line) }
  }

  func write(_ svg: String, _ picture: PictureFile?) throws {
    guard let picture else { return }
    try picture.write(svg)
    note("picture: \(picture.path)")
  }

  /// What there was is printed; after a signal the status is 128 + its number.
  func finish(_ isStopped: Bool, _ progress: GameProgress) throws {
    guard isStopped else { return }
    note("stopped after \(progress.done) of \(progress.total) updates; above is what there was")
    throw ExitCode(StopSignal.exitStatus)
  }
}
