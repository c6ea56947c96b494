import Foundation
import MPOModel

// What is done already, what can start, and the stages that run no process.

extension RecipeRunner {
  /// Decides everything that can be decided now, in the plan's order: what a run needs stands
  /// before it.
  func settle() throws {
    for id in plan.ids where states[id] == .pending && resolved[id] == nil {
      let needs = try plan.needs(id)
      let found = needs.map { ($0, states[$0] ?? .unselected) }
      guard let stage = plan.recipe.stage(id.stage) else { continue }
      switch stage.work {
      case .command:
        if let (need, _) = found.first(where: { $0.1.isSettled && !$0.1.isDone }) {
          let reason = "needs \(need), which \(why(need))"
          states[id] = selected.contains(id) ? .skipped(reason) : .unselected
        } else if found.allSatisfy(\.1.isDone) {
          try prepare(id, needs: needs)
        }
      case .choose(let choosing):
        guard found.allSatisfy(\.1.isSettled) else { continue }
        try choose(id, choosing)
      case .collect(let collecting):
        guard found.allSatisfy(\.1.isSettled) else { continue }
        collect(id, collecting)
      }
    }
  }

  private func why(_ id: RecipePlan.ID) -> String {
    switch states[id] {
    case .unselected: return "is not done and not among --only"
    case .failed: return "failed"
    default: return "was not run"
    }
  }

  /// Settings and fingerprint of a run whose needs are done; takes an earlier result of the same.
  private func prepare(_ id: RecipePlan.ID, needs: [RecipePlan.ID]) throws {
    let chosen = choice?.chosen ?? [:]
    if plan.waitsForChoice(id), let method = id.method, chosen[method] == nil {
      states[id] =
        selected.contains(id)
        ? .skipped("no point of the grid of '\(method)' finished") : .unselected
      return
    }
    guard let run = try plan.resolve(id, choices: chosen) else { return }
    let fingerprint = RunFingerprint.of(
      run, files: plan.recipe.files, before: needs.compactMap { fingerprints[$0] })
    fingerprints[id] = fingerprint
    let record = RunRecord.read(plan.folder(id))
    if let record, record.state == .done, record.fingerprint == fingerprint {
      states[id] = .done(record)
    } else if selected.contains(id) {
      if let record, record.fingerprint != fingerprint {
        print("\(id): its settings have changed since it was run; it is run anew")
      }
      resolved[id] = run
    } else {
      states[id] = .unselected
    }
  }

  // MARK: - Stages without a process

  func figures(_ id: RecipePlan.ID) -> RunFigures? {
    guard case .done(let record?)? = states[id] else { return nil }
    return RunFigures(folder: plan.folder(id), run: "\(id)", record: record)
  }

  private func choose(_ id: RecipePlan.ID, _ choosing: RecipeChoosing) throws {
    do {
      let choice = try RecipeChoice(choosing, plan: plan) {
        try figures($0)?.value(choosing.measure)
      }
      self.choice = choice
      states[id] = .done(nil)
      let path = plan.folder(id)
      try makeOutputFolder(path)
      try AtomicFile.write(choice.json.serialized() + "\n", to: "\(path)/choice.json")
      for outcome in choice.outcomes {
        print(
          "\(id): \(outcome.method) takes \(outcome.best?.title ?? "nothing") "
            + "(\(choosing.measure.path): \(choice.text(outcome, digits: 4)))")
      }
    } catch {
      states[id] = .failed("\(error)")
      print("\(id)  FAILED: \(error)")
    }
  }

  private func collect(_ id: RecipePlan.ID, _ collecting: RecipeCollecting) {
    guard selected.contains(id) else {
      states[id] = .unselected
      return
    }
    do {
      let collection = try RecipeCollection(
        collecting, plan: plan, choice: choice, figures: figures)
      let files = try collection.write(stage: id.stage)
      results += files
      states[id] = .done(nil)
      print(collection.table)
      for line in collection.notes { print(line) }
      print("results: \(files.joined(separator: ", "))")
    } catch {
      states[id] = .failed("\(error)")
      print("\(id)  FAILED: \(error)")
    }
  }
}
