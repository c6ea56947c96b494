/// Makes the panels of a page from its runs. With one setting the metrics of a kind share a panel,
/// each in its own colour; with several every metric has a panel, and each setting its colour.
struct PanelBuilder {
  let groups: [RunGroup]
  let axis: ReportAxis
  let xRange: (low: Double, high: Double)
  private let names: [String]
  /// Raw points behind smoothed lines, where few enough lines are drawn to tell them apart.
  private static let mostRaw = 3
  private static let leastSmoothed = 30

  init(_ groups: [RunGroup], axis: ReportAxis) {
    self.groups = groups
    self.axis = axis
    let runs = groups.flatMap(\.runs)
    names = runs.flatMap { $0.curves.map(\.name) }.reduce(into: []) { names, name in
      if !names.contains(name) { names.append(name) }
    }
    let curves = runs.flatMap { $0.curves.map(\.curve) }
    let ends = curves.flatMap { [$0.first, $0.last] }.compactMap { $0.map(axis.place) }
      .filter(\.isFinite)
    let (low, high) = (ends.min() ?? 0, ends.max() ?? 1)
    xRange = (low > 0 && low < 0.1 * high ? 0 : low, max(high, low))
  }

  var isComparison: Bool { groups.count > 1 }

  /// Title of the section of what no kind names.
  static let others = "Other metrics"

  /// Sections that have something to show; the last holds every metric that no kind names.
  func sections() -> [(title: String, panels: [PanelPlot])] {
    var used = PanelKind.elsewhere
    var sections: [(title: String, panels: [PanelPlot])] = []
    for section in PanelKind.sections {
      var panels: [PanelPlot] = []
      for kind in section.kinds {
        let metrics = kind.matching(names)
        used.formUnion(metrics.map(\.name))
        guard !metrics.isEmpty else { continue }
        panels +=
          isComparison
          ? metrics.map { compare(kind, $0, of: metrics.count) }
          : [together(kind, metrics)]
      }
      if !panels.isEmpty { sections.append((section.title, panels)) }
    }
    let others = names.filter { !used.contains($0) }.map { name -> PanelPlot in
      let kind = PanelKind(title: name, metrics: [(name, name)], showsRefreshes: false)
      return isComparison ? compare(kind, (name, name), of: 1) : together(kind, [(name, name)])
    }
    if !others.isEmpty { sections.append((Self.others, others)) }
    return sections
  }

  private func panel(_ kind: PanelKind, title: String) -> PanelPlot {
    var panel = PanelPlot(title: title, xLabel: axis.label, xRange: xRange)
    panel.explanation = kind.explanation
    panel.reference = kind.reference
    panel.mustShow = kind.mustShow
    panel.mayBeLog = kind.mayBeLog
    panel.format = kind.format
    if kind.showsRefreshes { panel.refreshes = refreshes }
    return panel
  }

  private func together(
    _ kind: PanelKind, _ metrics: [(name: String, label: String)]
  ) -> PanelPlot {
    var panel = panel(kind, title: kind.title)
    guard let group = groups.first else { return panel }
    panel.hasLegend = metrics.count > 1
    for (series, metric) in metrics.enumerated() {
      add(group, metric.name, named: metric.label, series: series, kind, raw: true, to: &panel)
    }
    if let band = kind.band, let run = group.runs.first, group.runs.count == 1 {
      panel.bands = Self.band(run, band, axis)
    }
    return panel
  }

  private func compare(
    _ kind: PanelKind, _ metric: (name: String, label: String), of count: Int
  ) -> PanelPlot {
    let title = count > 1 ? "\(kind.title): \(metric.label)" : kind.title
    var panel = panel(kind, title: title)
    let drawn = groups.reduce(0) { $0 + $1.runs.count }
    for (series, group) in groups.enumerated() {
      add(
        group, metric.name, named: group.name, series: series, kind, raw: drawn <= Self.mostRaw,
        to: &panel)
    }
    return panel
  }

  private func add(
    _ group: RunGroup, _ metric: String, named name: String, series: Int, _ kind: PanelKind,
    raw: Bool, to panel: inout PanelPlot
  ) {
    let curves = group.runs.compactMap { $0[metric] }
    func isSmoothed(_ curve: RunCurve) -> Bool {
      kind.isNoisy && curve.count > Self.leastSmoothed
    }
    let lines = group.runs.compactMap { run in
      run[metric].map { curve in
        let breaks = kind.jumps ? run.refreshes : []
        return isSmoothed(curve) ? curve.smoothed(axis, breaks: breaks) : curve.points(axis)
      }
    }
    if lines.count == 1 {
      if raw, isSmoothed(curves[0]) {
        panel.lines.append(
          PanelLine(name: name, series: series, role: .raw, points: curves[0].points(axis)))
      }
      panel.lines.append(PanelLine(name: name, series: series, points: lines[0]))
    } else if lines.count > 1 {
      if groups.count <= 3 {
        panel.lines += lines.map {
          PanelLine(name: name, series: series, role: .seed, points: $0)
        }
      }
      let mean = MeanLine(lines.map { $0.compactMap { $0 } })
      panel.bands.append(PanelBand(series: series, points: mean.band))
      panel.lines.append(PanelLine(name: name, series: series, points: mean.mean))
    }
  }

  /// From the lowest of `low` to the highest of `high` in every column.
  private static func band(
    _ run: LoggedRun, _ names: (low: String, high: String), _ axis: ReportAxis
  ) -> [PanelBand] {
    guard let low = run[names.low], let high = run[names.high],
      low.columns.count == high.columns.count
    else { return [] }
    let points = zip(low.columns, high.columns).compactMap {
      a, b -> (x: Double, low: Double, high: Double)? in
      let x = (axis.place(a.first) + axis.place(a.last)) / 2
      return x.isFinite ? (x, a.low.value, b.high.value) : nil
    }
    return [PanelBand(series: 0, points: points)]
  }

  /// Full lines for one setting whose runs refresh together, else short ones in each setting's colour.
  private var refreshes: [(series: Int?, places: [Double])] {
    groups.enumerated().compactMap { series, group in
      let steps = group.runs.map(\.refreshes)
      guard let first = steps.first, let run = group.runs.first else { return nil }
      if steps.allSatisfy({ $0 == first }) {
        let places = first.compactMap { run.place(ofStep: $0, axis) }
        return places.isEmpty ? nil : (isComparison ? series : nil, places)
      }
      let places = group.runs.flatMap { run in
        run.refreshes.compactMap { run.place(ofStep: $0, axis) }
      }
      return (series, Set(places).sorted())
    }
  }
}

extension LoggedRun {
  /// Where a step lies on the axis, as its metrics tell.
  func place(ofStep step: Int, _ axis: ReportAxis) -> Double? {
    if axis == .steps { return Double(step) }
    guard let curve = curve(["step_time", "loss"]) ?? curves.first?.curve else { return nil }
    for column in curve.columns where column.last.step >= step {
      guard let point = column.points.first(where: { $0.step >= step }) else { continue }
      let place = axis.place(point)
      return place.isFinite ? place : nil
    }
    return nil
  }
}
