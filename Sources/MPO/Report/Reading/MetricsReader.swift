import MPOModel

/// Reads `metrics.jsonl`, once, in memory that does not grow with its length.
struct MetricsReader {
  /// More names than this are no metrics.
  private static let mostMetrics = 512
  private static let mostRefreshes = 2000
  private static let mostSamples = 8

  private var places: [String: Int] = [:]
  private var curves: [(name: String, curve: RunCurve)] = []
  private var lastStep = Int.min
  private var tokens = Double.nan
  private var seconds = 0.0
  private var magnetUpdates: Double?
  private var refreshes: [Int] = []
  private var samples = SampleKeeper(limit: mostSamples)
  private var lines = 0
  private var unreadable: (count: Int, first: Int, why: String)?
  private var repeated = 0
  private var isTorn = false
  private var hasTooMany = false

  /// - Throws: `FileError` when the file cannot be read; what stands in it is never an error.
  static func read(_ path: String, into run: inout LoggedRun) throws {
    var reader = MetricsReader()
    try LineReader(path: path).forEachLine { number, line in
      switch line {
      case .tooLong: reader.skip(number, "it is longer than 64 MiB")
      case .text(let bytes, let isEnded): reader.take(bytes, number, isEnded)
      }
    }
    reader.finish(&run)
  }

  private mutating func skip(_ number: Int, _ why: String) {
    unreadable = (
      (unreadable?.count ?? 0) + 1, unreadable?.first ?? number, unreadable?.why ?? why
    )
  }

  private mutating func take(_ bytes: UnsafeRawBufferPointer, _ number: Int, _ isEnded: Bool) {
    guard let object = (try? JSONValue(parsing: bytes, path: "metrics"))?.object else {
      if isEnded { skip(number, "it is no JSON object") } else { isTorn = true }
      return
    }
    guard let step = (object["step"] ?? object["global_step"])?.integer, step >= 0 else {
      return skip(number, "it has no step")
    }
    lines += 1
    if step <= lastStep { goBack(to: step) }
    lastStep = step
    if let value = object["num_tokens"]?.double { tokens = value }
    if let value = object["step_time"]?.double, value.isFinite { seconds += value }
    for member in object.members where member.name != "step" && member.name != "global_step" {
      switch member.value {
      case .integer, .number, .null:
        add(member.name, member.value.double ?? .nan, step)
      case .string(let text) where member.name == "completions":
        samples.add(step: step, text)
      case .array where member.name == "completions":
        samples.add(step: step, member.value.serialized(indent: 0))
      default: break
      }
    }
    followMagnet(object["magnet/updates"]?.double, step)
  }

  private mutating func add(_ name: String, _ value: Double, _ step: Int) {
    let point = RunCurve.Point(step: step, tokens: tokens, seconds: seconds, value: value)
    if let place = places[name] {
      curves[place].curve.append(point)
    } else if curves.count < Self.mostMetrics {
      places[name] = curves.count
      var curve = RunCurve()
      curve.append(point)
      curves.append((name, curve))
    } else {
      hasTooMany = true
    }
  }

  /// A refresh is where the counter of updates grows.
  private mutating func followMagnet(_ updates: Double?, _ step: Int) {
    guard let updates else { return }
    let before = magnetUpdates ?? (step <= 1 ? 0 : updates)
    if updates > before, refreshes.count < Self.mostRefreshes { refreshes.append(step) }
    magnetUpdates = updates
  }

  /// A resumed run logs some steps again; its figures are those that count.
  private mutating func goBack(to step: Int) {
    repeated += 1
    for i in curves.indices { curves[i].curve.truncate(from: step) }
    let time = places["step_time"].flatMap { curves[$0].curve.last }
    (tokens, seconds) = (time?.tokens ?? .nan, time?.seconds ?? 0)
    refreshes.removeAll { $0 >= step }
    magnetUpdates = places["magnet/updates"].flatMap { curves[$0].curve.last?.value }
    samples.truncate(from: step)
  }

  private func finish(_ run: inout LoggedRun) {
    run.curves = curves.filter { !$0.curve.isEmpty }
    run.refreshes = refreshes
    run.samples = samples.kept.compactMap { step, text in
      LoggedSample.list(text).map { (step: step, samples: $0) }
    }
    if lines == 0 { run.notes.append("no step has been logged yet") }
    if let unreadable {
      let others = unreadable.count > 1 ? " and \(unreadable.count - 1) more were" : " was"
      run.notes.append(
        "line \(unreadable.first) of metrics.jsonl\(others) skipped: \(unreadable.why)")
    }
    if isTorn { run.notes.append("the last line of metrics.jsonl is unfinished and left out") }
    if repeated > 0 {
      run.notes.append("steps that were logged again are shown as they were logged last")
    }
    let gaps = curves.filter { $0.curve.gaps > 0 }
    if let first = gaps.first {
      let others = gaps.count > 1 ? " and \(gaps.count - 1) other metrics" : ""
      run.notes.append("\(first.name)\(others): values that are no numbers interrupt the line")
    }
    if hasTooMany { run.notes.append("metrics past the first \(Self.mostMetrics) are left out") }
  }
}

/// The completions of a few steps, evenly over a run of unknown length, and the last ones.
private struct SampleKeeper {
  let limit: Int
  /// A step's text that is longer is left out.
  private static let longest = 4 << 20
  private var spaced: [(step: Int, text: String)] = []
  private var last: (step: Int, text: String)?
  private var seen = 0
  private var stride = 1

  init(limit: Int) { self.limit = limit }

  mutating func add(step: Int, _ text: String) {
    guard text.utf8.count <= Self.longest else { return }
    last = (step, text)
    if seen % stride == 0 { spaced.append((step, text)) }
    seen += 1
    guard spaced.count > limit else { return }
    spaced = spaced.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    stride *= 2
  }

  mutating func truncate(from step: Int) {
    spaced.removeAll { $0.step >= step }
    if let end = last, end.step >= step { last = spaced.last }
  }

  var kept: [(step: Int, text: String)] {
    guard let last, spaced.last?.step != last.step else { return spaced }
    return spaced + [last]
  }
}
