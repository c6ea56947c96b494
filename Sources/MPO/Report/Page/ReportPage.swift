import Foundation

extension RunReport {
  /// The page.
  public var html: String {
    let panels = PanelBuilder(groups, axis: axis).sections()
    let hasSamples = groups.contains { $0.runs.contains { !$0.samples.isEmpty } }
    let hasSettings = groups.contains { $0.runs.contains { !$0.settings.isEmpty } }
    var parts: [(id: String, title: String, write: (inout HTML) -> Void)] = []
    if !groups.isEmpty { parts.append(("summary", "Summary", writeSummary)) }
    if !evaluations.isEmpty { parts.append(("evaluation", "Evaluation", writeEvaluations)) }
    if !panels.isEmpty { parts.append(("curves", "Curves", { writeCurves(panels, &$0) })) }
    if hasSamples { parts.append(("samples", "Samples", writeSamples)) }
    if hasSettings { parts.append(("settings", "Settings", writeSettings)) }

    var page = HTML()
    page.raw("<!DOCTYPE html>")
    page.element("html", [("lang", "en")]) { page in
      page.element("head") { writeHead(&$0) }
      page.element("body") { page in
        page.element("header", [("class", "top")]) { page in
          page.leaf("h1", title)
          writeStatus(&page)
        }
        if parts.count > 1 {
          page.element("nav") { page in
            page.element("div") { page in
              for part in parts { page.leaf("a", part.title, [("href", "#\(part.id)")]) }
            }
          }
        }
        page.element("main") { page in
          writeNotes(&page)
          for part in parts {
            page.element("section", [("id", part.id)]) { page in
              page.leaf("h2", part.title)
              part.write(&page)
            }
          }
        }
        page.element("footer") { page in writeFooter(&page) }
        page.raw("<script>\(Self.script)</script>")
      }
    }
    return page.text
  }

  /// Between marks that make it one text for readers of XML; the hash below is of exactly this.
  static let script = "//<![CDATA[\n\(ReportScript.source)\n//]]>"

  /// Nothing may be loaded, and only this very script may run.
  private func writeHead(_ head: inout HTML) {
    let digest = SHA256.digest(Array(Self.script.utf8)).flatMap { word in
      withUnsafeBytes(of: word.bigEndian) { Array($0) }
    }
    let policy =
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
      + "script-src 'sha256-\(Data(digest).base64EncodedString())'"
    head.raw("<meta charset=\"utf-8\"/>")
    head.raw(
      "<meta http-equiv=\"Content-Security-Policy\" content=\"\(SVG.escaped(policy))\"/>")
    head.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>")
    head.raw("<meta name=\"color-scheme\" content=\"light dark\"/>")
    head.raw("<meta name=\"referrer\" content=\"no-referrer\"/>")
    head.raw("<link rel=\"icon\" href=\"data:,\"/>")
    head.leaf("title", "\(title) · Magnetic")
    head.raw("<style>\(ReportStyle.sheet)</style>")
  }

  private func writeStatus(_ page: inout HTML) {
    guard let group = groups.first else { return }
    if groups.count == 1, group.runs.count == 1 {
      let run = group.runs[0]
      var facts = [run.folder]
      if let tokens = run.tokens { facts.append("\(reportFigure(tokens)) tokens") }
      if let seconds = run.seconds { facts.append("\(reportDuration(seconds)) in steps") }
      page.element("p", [("class", "facts")]) { page in
        page.raw(Self.badge(run))
        page.raw(HTML.escaped(facts.joined(separator: " · ")))
      }
    } else {
      let runs = groups.flatMap(\.runs)
      let kinds = [LoggedRun.Status.finished, .running, .open].compactMap { status -> String? in
        let count = runs.filter { $0.status == status }.count
        return count == 0 ? nil : "\(count) \(Self.word(status))"
      }
      page.leaf("p", kinds.joined(separator: ", "), [("class", "facts")])
    }
  }

  private static func word(_ status: LoggedRun.Status) -> String {
    switch status {
    case .finished: return "finished"
    case .running: return "running"
    case .open: return "not finished"
    }
  }

  /// `finished · step 160`, `running · step 40 of 160`.
  static func badge(_ run: LoggedRun) -> String {
    let step = reportFigure(Double(run.lastStep))
    let all = run.stepsInAll.map { " of \(reportFigure(Double($0)))" } ?? ""
    let place = run.status == .finished ? "\(step) steps" : "step \(step)\(all)"
    let style = run.status == .open ? "open" : word(run.status)
    return "<span class=\"badge \(style)\">\(word(run.status)) · \(place)</span>"
  }

  private func writeNotes(_ page: inout HTML) {
    let isAlone = runCount == 1
    let all =
      groups.flatMap(\.runs).flatMap { run in
        run.notes.map { isAlone ? $0 : "\(run.name): \($0)" }
      } + notes
    guard !all.isEmpty else { return }
    page.element("ul", [("class", "notes")]) { page in
      for note in all.prefix(20) { page.leaf("li", note) }
      if all.count > 20 { page.leaf("li", "and \(all.count - 20) more notes") }
    }
  }

  private func writeFooter(_ page: inout HTML) {
    let curves = groups.flatMap(\.runs).flatMap { $0.curves.map(\.curve) }
    var text =
      "Made by magnetic report. Bold lines are moving means over about a twenty-fifth of the steps, "
      + "faint lines every step. "
    if curves.contains(where: { !$0.isWhole }) {
      text +=
        "Long runs are thinned: of neighbouring steps the first, lowest, highest and last "
        + "are drawn. "
    }
    if groups.contains(where: { $0.runs.count > 1 }) {
      text += "Over seeds: mean and standard error. "
    }
    page.leaf("p", text)
  }
}
