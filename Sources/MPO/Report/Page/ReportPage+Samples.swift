// Texts that models wrote. They are hostile until shown otherwise: everything is escaped, and the
// page's policy lets no script run but its own.

extension RunReport {
  /// Runs whose samples are shown.
  private static let mostRuns = 24
  /// Characters of a text.
  private static let mostCharacters = 3000
  private static let mostAnswers = 32

  func writeSamples(_ page: inout HTML) {
    let runs = groups.flatMap(\.runs).filter { !$0.samples.isEmpty }
    page.leaf(
      "p", "Responses as they were logged, with their mean preference over the other responses.",
      [("class", "facts")])
    let open = [("open", "open")]
    func writeSteps(_ run: LoggedRun, _ page: inout HTML) {
      for (i, snapshot) in run.samples.reversed().enumerated() {
        page.element("details", i == 0 ? open : []) { page in
          page.leaf("summary", "Step \(reportFigure(Double(snapshot.step)))")
          page.element("div") { page in write(snapshot.samples, &page) }
        }
      }
    }
    for (i, run) in runs.prefix(Self.mostRuns).enumerated() {
      guard runs.count > 1 else {
        writeSteps(run, &page)
        continue
      }
      page.element("details", i == 0 ? open : []) { page in
        page.leaf("summary", run.name)
        writeSteps(run, &page)
      }
    }
    if runs.count > Self.mostRuns {
      page.leaf("p", "The samples of \(runs.count - Self.mostRuns) more runs are left out.")
    }
  }

  private func write(_ samples: [LoggedSample], _ page: inout HTML) {
    var rest = samples.prefix(Self.mostAnswers)[...]
    while let first = rest.first {
      let answers = rest.prefix { $0.prompt == first.prompt }
      rest = rest.dropFirst(answers.count)
      Self.writePrompt(first.prompt, &page)
      page.element("div", [("class", "answers")]) { page in
        for answer in answers {
          let others = answer.others.map { "\($0.name) \($0.text)" }.joined(separator: ", ")
          Self.writeAnswer(answer.completion, rate: answer.winRate, others: others, &page)
        }
      }
    }
    if samples.count > Self.mostAnswers {
      page.leaf("p", "\(samples.count - Self.mostAnswers) more are left out.", [("class", "facts")])
    }
  }

  static func writePrompt(_ prompt: String, _ page: inout HTML) {
    guard !prompt.isEmpty else { return }
    page.leaf("div", cut(prompt), [("class", "prompt"), ("dir", "auto")])
  }

  static func writeAnswer(
    _ text: String, rate: Double?, label: String = "", others: String = "", _ page: inout HTML
  ) {
    page.element("div", [("class", "rate")]) { page in
      if !label.isEmpty { page.raw(HTML.escaped(label)) }
      guard let rate, rate.isFinite else { return }
      page.raw("<span>\(HTML.escaped(reportPercent(rate)))</span>")
      let width = SVG.number(100 * min(max(rate, 0), 1))
      page.raw("<span class=\"bar\"><i style=\"width:\(width)%\"></i></span>")
    }
    // No line end between tag and text: it would be shown.
    let note = others.isEmpty ? "" : "<small>\(HTML.escaped(cut(others)))</small>"
    let shown = text.isEmpty ? "<small>(empty)</small>" : HTML.escaped(cut(text))
    page.raw("<div class=\"answer\" dir=\"auto\">\(shown)\(note)</div>")
  }

  private static func cut(_ text: String) -> String {
    guard text.count > mostCharacters else { return text }
    let rest = reportFigure(Double(text.count - mostCharacters))
    return text.prefix(mostCharacters) + "… (\(rest) more characters)"
  }
}
