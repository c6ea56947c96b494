import ArgumentParser
import MPO
import MPOBackend
import MPOModel

extension EvaluateCommand {
  func run() throws {
    let settings = try resolved()
    guard let judge = settings.judge else {
      throw ValidationError("no judge: give --judge FILE or a --config that has one")
    }
    guard datasetName != nil || !settings.data.isEmpty || !settings.evalDataset.isEmpty else {
      throw ValidationError("no prompts: give --dataset-name FILE or a --config that has one")
    }
    let players =
      policies.isEmpty
      ? PolicyReference.unique([model, reference].compactMap { $0 })
      : try PolicyReference.list(policies)
    // Before any work: a folder that is missing, a file that cannot be written.
    for player in players { _ = try ModelFolder.resolve(player.path) }
    let file = try outputFile.map { try ResultFile($0, what: "output") }
    let asked =
      try datasetName.map { try PromptDataset.examples(settings.data.replaced(by: $0)) }
      ?? settings.evaluationPrompts()
    let prompts = try (0..<min(maxPrompts ?? .max, asked.count)).map { try asked.example($0) }
    StopSignal.install()
    let backend = try deviceOptions.open(defaults: settings.run)
    let source = try judge.makeSource(on: backend)
    try check(players, source)
    let evaluator = Evaluator(
      judge: source, questions: prompts, chatTemplate: settings.chatTemplate,
      samples: responses(settings, source), maxNewTokens: settings.sampling.maxNewTokens,
      sampling: settings.sampling.backendSettings, seed: UInt64(settings.run.seed))
    let cost = EvaluationCost(
      judge: source, policies: players.count, prompts: prompts.count, responses: evaluator.samples)
    let policyCount = players.count == 1 ? "1 policy" : "\(players.count) policies"
    note(
      [
        policyCount, EvaluationCost.count(prompts.count, "prompt"),
        EvaluationCost.count(evaluator.samples, "response"),
      ].joined(separator: " x ") + (cost.pairings > 0 ? ": \(cost.summary)" : ""))
    let report: TournamentReport
    do {
      let drawn = try draw(players, evaluator, settings, on: backend)
      report = try play(drawn, evaluator, source)
    } catch  where StopSignal.requested {
      // By a look between two questions, or inside a judge that heard it too.
      note("\(error)")
      throw ExitCode(StopSignal.exitStatus)
    }
    let everything = report.json(
      .init(
        maxNewTokens: settings.sampling.maxNewTokens, temperature: settings.sampling.temperature))
    try file?.write(everything + "\n")
    if model == nil {
      try output(json ? everything : report.text)
    } else {
      try output(json ? report.comparisonJSON : report.comparisonText)
    }
    if let file { note("results: \(file.path)") }
  }

  private func check(_ players: [PolicyReference], _ source: any PreferenceSource) throws {
    guard players.count > 1 || source is CategoryJudge else {
      throw ValidationError(
        "one policy alone can be measured by a judge with classes only (type categories); add "
          + (model == nil ? "another to --policies" : "--reference"))
    }
    guard !average || source is CategoryJudge else {
      throw ValidationError("--average needs a judge with classes (type categories)")
    }
  }

  /// As many as asked for; for a judge that costs, by default a few.
  private func responses(
    _ settings: AlignmentConfiguration, _ source: any PreferenceSource
  ) -> Int {
    guard numGenerations == nil, let metered = source as? any MeteredSource,
      metered.affordableResponses < settings.generations
    else { return settings.generations }
    note(
      "\(metered.affordableResponses) responses to each prompt in place of \(settings.generations), "
        + "for this judge costs; --num-generations N asks for more")
    return metered.affordableResponses
  }

  private func draw(
    _ players: [PolicyReference], _ evaluator: Evaluator, _ settings: AlignmentConfiguration,
    on backend: any ComputeBackend
  ) throws -> [PolicySamples] {
    let precision = precisionOptions.precision(defaults: settings.run)
    let progress = GameProgress(
      players.count, evaluator.prompts.count, evaluator.samples, unit: "response")
    defer { progress.finish() }
    return try evaluator.samples(
      of: players, on: backend,
      load: { try readModel($0.path, precision, on: backend) },
      starting: { index, player in
        progress.finish()
        note("policy \(index + 1) of \(players.count): \(player.name)")
      },
      progress: { _ = progress.goesOn(done: $0) }, stopRequested: { StopSignal.requested })
  }

  private func play(
    _ drawn: [PolicySamples], _ evaluator: Evaluator, _ source: any PreferenceSource
  ) throws -> TournamentReport {
    var tournament = try Tournament(judge: source, prompts: evaluator.prompts, policies: drawn)
    tournament.seed = evaluator.seed
    tournament.resamples = resamples
    tournament.shown = samples
    tournament.averages = average
    let progress = GameProgress(tournament.cost.comparisons, unit: "comparison")
    defer { progress.finish() }
    return try tournament.play(
      progress: { _ = progress.goesOn(done: $0) }, stopRequested: { StopSignal.requested })
  }
}
