extension RunReport {
  /// Tiles for one setting, a table for several; below, every run by itself.
  func writeSummary(_ page: inout HTML) {
    let runs = groups.flatMap(\.runs)
    let figures = SummaryFigure.all.filter { figure in runs.contains { figure.value($0) != nil } }
    if groups.count == 1, let group = groups.first {
      page.element("div", [("class", "tiles")]) { page in
        for figure in figures { writeTile(figure, group, &page) }
      }
    } else {
      writeTable(figures, groups, &page)
      page.leaf(
        "p", "Values of the last step; grey: means over the last tenth of the steps.",
        [("class", "facts below")])
    }
    guard runs.count > groups.count else { return }
    page.element("details", runs.count > 8 ? [] : [("open", "open")]) { page in
      page.leaf("summary", "Every run (\(runs.count))")
      writeTable(figures, runs.map { RunGroup(name: $0.name, runs: [$0]) }, &page)
    }
  }

  private func writeTile(_ figure: SummaryFigure, _ group: RunGroup, _ page: inout HTML) {
    guard let text = figure.text(group, figure.value) else { return }
    page.element("div", [("class", "tile")]) { page in
      page.leaf("span", figure.title)
      page.leaf("b", text, text.count > 10 ? [("class", "long")] : [])
      if figure.isNoisy, let tenth = figure.text(group, figure.lastTenth) {
        page.leaf("span", "last tenth \(tenth)")
      } else if !figure.metrics.isEmpty, figure.unit == .percent,
        let first = figure.text(group, figure.first), first != text
      {
        page.leaf("span", "first \(first)")
      }
    }
  }

  private func writeTable(
    _ figures: [SummaryFigure], _ groups: [RunGroup], _ page: inout HTML
  ) {
    page.element("div", [("class", "scroll"), ("tabindex", "0")]) { page in
      page.element("table", [("style", Self.nameWidth(groups.map(\.name)))]) { page in
        page.element("thead") { page in
          page.element("tr") { page in
            page.leaf("th", "Run")
            for figure in figures {
              page.leaf("th", figure.title)
            }
          }
        }
        page.element("tbody") { page in
          for (series, group) in groups.enumerated() {
            writeRow(
              figures, group, swatch: groups.count == self.groups.count ? series : nil, &page)
          }
        }
      }
    }
  }

  /// Room for the names in a table's first column: a long one is broken.
  static func nameWidth(_ names: [String]) -> String {
    "--name:\(min(max(8, (names.map(\.count).max() ?? 0) + 9), 36))ch"
  }

  private func writeRow(
    _ figures: [SummaryFigure], _ group: RunGroup, swatch: Int?, _ page: inout HTML
  ) {
    page.element("tr") { page in
      page.element("th") { page in
        if let swatch, self.groups.count > 1 { page.raw(PanelPlot.swatch(swatch)) }
        page.raw(HTML.escaped(group.name))
        if group.runs.count == 1 {
          page.raw("<small>\(Self.badge(group.runs[0]))</small>")
        } else {
          page.leaf("small", "\(group.runs.count) seeds")
        }
      }
      for figure in figures {
        page.element("td") { page in
          page.raw(HTML.escaped(figure.text(group, figure.value) ?? "–"))
          if figure.isNoisy, let tenth = figure.text(group, figure.lastTenth) {
            page.leaf("small", tenth)
          }
        }
      }
    }
  }

  // MARK: - Curves

  func writeCurves(_ sections: [(title: String, panels: [PanelPlot])], _ page: inout HTML) {
    if groups.count > 1 {
      page.element("div", [("class", "keys")]) { page in
        for (series, group) in groups.enumerated() {
          page.element(
            "button",
            [("type", "button"), ("aria-pressed", "true"), ("data-series", "\(series)")]
          ) { page in
            page.raw(PanelPlot.swatch(series) + HTML.escaped(group.name))
          }
        }
      }
    }
    let marks = groups.contains { $0.runs.contains { !$0.refreshes.isEmpty } }
    if marks {
      page.leaf(
        "p",
        groups.count == 1
          ? "Dashed vertical lines are magnet refreshes."
          : "Short vertical lines at the bottom are magnet refreshes, in the colour of their run.",
        [("class", "facts")])
    }
    for (title, panels) in sections {
      let isOther = title == PanelBuilder.others
      if isOther {
        page.element("details") { page in
          page.leaf("summary", "\(title) (\(panels.count))")
          writePanels(panels, &page)
        }
      } else {
        page.leaf("h4", title)
        writePanels(panels, &page)
      }
    }
  }

  private func writePanels(_ panels: [PanelPlot], _ page: inout HTML) {
    page.element("div", [("class", "panels")]) { page in
      for panel in panels { panel.write(into: &page) }
    }
  }
}
