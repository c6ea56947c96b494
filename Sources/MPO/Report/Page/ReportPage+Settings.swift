extension RunReport {
  /// For one run every setting; for several a table with what differs, and one with the rest.
  func writeSettings(_ page: inout HTML) {
    let runs = groups.flatMap(\.runs)
    let known = runs.filter { !$0.settings.isEmpty }
    let unknown = runs.filter { $0.settings.isEmpty }
    if !unknown.isEmpty {
      page.leaf(
        "p",
        "Not known, for want of a checkpoint and a settings.json: "
          + unknown.map(\.name).joined(separator: ", ") + ".", [("class", "facts")])
    }
    let names = Set(known.flatMap(\.settings.keys)).sorted()
    guard let first = known.first, known.count > 1 else {
      if let run = known.first {
        writeOne(run, names, &page)
      }
      return
    }
    let differing = names.filter { name in
      known.contains { $0.settings[name] != first.settings[name] }
    }
    // The seed and the folder are in the runs' names already.
    let telling = differing.filter { !RunGroup.ownOfEachRun.contains($0) }
    let own = differing.filter(RunGroup.ownOfEachRun.contains)
    let columns = groups.compactMap { group in group.runs.first { !$0.settings.isEmpty } }
    if telling.isEmpty {
      page.leaf("p", "The settings differ in nothing but what is each run's own.")
    } else {
      writeSettings(telling, columns, differing: Set(telling), &page)
    }
    let same = names.filter { !differing.contains($0) }
    for (title, names, runs) in [
      ("Settings that are each run's own", own, known),
      ("Settings that all share", same, [first]),
    ] where !names.isEmpty {
      page.element("details") { page in
        page.leaf("summary", "\(title) (\(names.count))")
        writeSettings(names, runs, differing: [], &page)
      }
    }
  }

  /// What is not at its default first.
  private func writeOne(_ run: LoggedRun, _ names: [String], _ page: inout HTML) {
    page.leaf("p", "From \(run.settingsSource ?? "").", [("class", "facts")])
    guard let standard = Self.defaults(of: run) else {
      return writeSettings(names, [run], differing: [], &page)
    }
    let given = names.filter { standard[$0] != run.settings[$0] }
    let others = names.filter { standard[$0] == run.settings[$0] }
    if !given.isEmpty { writeSettings(given, [run], differing: [], &page) }
    guard !others.isEmpty else { return }
    page.element("details", [("class", "below")]) { page in
      page.leaf("summary", "Settings at their defaults (\(others.count))")
      writeSettings(others, [run], differing: [], &page)
    }
  }

  /// Those of the command whose settings these are, told by their names; nil if of none.
  private static func defaults(of run: LoggedRun) -> [String: String]? {
    let commands = [
      AlignmentConfiguration().resolvedSettings(), SFTConfiguration().resolvedSettings(),
      PreferenceConfiguration().resolvedSettings(),
    ]
    let names = Set(run.settings.keys)
    let ranked = commands.map { settings in
      (settings: settings, strange: names.symmetricDifference(settings.map(\.name)).count)
    }
    guard let best = ranked.min(by: { $0.strange < $1.strange }), best.strange < names.count / 4
    else { return nil }
    return Dictionary(best.settings.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
  }

  private func writeSettings(
    _ names: [String], _ runs: [LoggedRun], differing: Set<String>, _ page: inout HTML
  ) {
    page.element("div", [("class", "scroll"), ("tabindex", "0")]) { page in
      page.element("table", [("class", "settings")]) { page in
        if runs.count > 1 {
          page.element("thead") { page in
            page.element("tr") { page in
              page.leaf("th", "setting")
              for run in runs {
                let group = groups.first { $0.runs.contains { $0.folder == run.folder } }
                let isOfGroup = runs.count == groups.count
                page.leaf("th", (isOfGroup ? group?.name : nil) ?? run.name)
              }
            }
          }
        }
        page.element("tbody") { page in
          for name in names {
            page.element("tr") { page in
              page.leaf("th", name)
              // What most have is the ground on which the others stand out.
              let usual = Self.mostCommon(runs.map { $0.settings[name] ?? "–" })
              for run in runs {
                let value = run.settings[name] ?? "–"
                let stands = differing.contains(name) && (value != usual || runs.count == 2)
                page.leaf("td", value, stands ? [("class", "differs")] : [])
              }
            }
          }
        }
      }
    }
  }

  /// Of equals the first.
  private static func mostCommon(_ values: [String]) -> String? {
    var counts: [String: Int] = [:]
    for value in values { counts[value, default: 0] += 1 }
    let most = counts.values.max()
    return values.first { counts[$0] == most }
  }
}
