import Foundation

/// The suite while it runs: measures contenders, keeps what came.
struct SuiteRun {
  /// Which peers are run.
  enum Plan { case none, stored, quickOnes, all }

  var result: SuiteResult
  let child: ChildRun
  let stored: StoredFigures
  let plan: Plan
  let deadline: Date
  let openCLDevice: String

  /// The limits, ours, then the peers.
  mutating func measure(_ workload: Workload) {
    measureLimits(openCL: workload.isOpenCL)
    for contender in workload.ours {
      var named = contender
      named.name = "ours \(contender.name)"
      run(named, workload, timeout: 300)
    }
    for peer in workload.peers {
      if plan == .none {
        take(peer, workload, else: "without peers", stored: false)
      } else if plan == .stored || (plan == .quickOnes && peer.isSlow) {
        take(peer, workload, else: plan == .stored ? "not in the file" : "slow: run with --slow")
      } else if plan != .all && deadline.timeIntervalSinceNow <= 0 {
        take(peer, workload, else: "out of time")
      } else {
        run(peer, workload, timeout: peer.timeout)
      }
    }
  }

  private mutating func run(_ contender: Contender, _ workload: Workload, timeout: Double) {
    let start = Date()
    var entry = SuiteResult.Entry(
      workload: workload.name, contender: contender.name,
      command: child.command(contender).joined(separator: " "), date: timestamp(), status: .measured
    )
    switch child.run(contender, timeout: timeout) {
    case .report(let report):
      entry.report = report
      result.versions.merge(report.versions) { $1 }
    case .missing(let library, let install):
      entry.status = .missing
      entry.reason = "\(library) is not installed; \(install)"
    case .failed(let reason):
      entry.status = .failed
      entry.reason = reason
    }
    result.entries.append(entry)
    let seconds = String(format: "%.0f s", Date().timeIntervalSince(start))
    progress(
      "\(workload.name): \(contender.name), \(seconds)" + (entry.reason.map { ": \($0)" } ?? ""))
  }

  /// The stored figure, or why there is none.
  private mutating func take(
    _ peer: Contender, _ workload: Workload, else reason: String, stored useStored: Bool = true
  ) {
    result.entries.append(
      (useStored ? stored.entry(workload.name, peer.name) : nil)
        ?? SuiteResult.Entry(
          workload: workload.name, contender: peer.name,
          command: child.command(peer).joined(separator: " "), date: timestamp(), status: .skipped,
          reason: reason))
  }

  private mutating func measureLimits(openCL: Bool) {
    let device = openCL ? openCLDevice : "cpu"
    let limits = Contender(
      name: "limits", arguments: ["limits", "--repeats", "1", "--device", device])
    guard case .report(let report) = child.run(limits, timeout: 120) else {
      return progress("no limits of \(device)")
    }
    for (name, values) in report.rates {
      let key = openCL && name == "copy" ? "opencl_copy" : name
      result.limits[key, default: []] += values
    }
    if openCL { result.host["opencl_device"] = report.device }
    if openCL { result.host["opencl_kind"] = report.note }
  }

  /// All rows, with shares of the best limits of the whole run.
  func table(of workloads: [Workload]) -> SuiteTable {
    var table = SuiteTable()
    for workload in workloads {
      table.add(workload, result.entries, limits: limits(openCL: workload.isOpenCL))
    }
    return table
  }

  /// By precision. bf16 goes by f32's peak where the processor has no bf16 instructions; an f32 product
  /// by matrix tiles takes six of bf16. An OpenCL device that is this processor has its peak without
  /// tiles; of any other the peak is not measured.
  private func limits(openCL: Bool) -> [String: SuiteTable.Limit] {
    func best(_ name: String) -> Double? { result.limits[name]?.max() }
    guard let f32 = best("fma_f32"), let bytes = best(openCL ? "opencl_copy" : "read"),
      !openCL || result.host["opencl_kind"] == "opencl-cpu"
    else { return [:] }
    let tiles = openCL ? 0 : best("tile_bf16") ?? 0
    return [
      "f32": (max(f32, tiles / 6), bytes), "bf16": (max(best("dot_bf16") ?? f32, tiles), bytes),
    ]
  }

  /// What stands above the table in Markdown.
  var heading: String {
    let limits = result.limits.sorted { $0.key < $1.key }
      .map { name, values in
        let (least, most) = (values.min() ?? .nan, values.max() ?? .nan)
        // What differs much from moment to moment says so.
        let range = least < 0.7 * most ? " (\(figure(least / 1e9)) at worst)" : ""
        return "\(name) \(figure(most / 1e9)) G/s\(range)"
      }.joined(separator: ", ")
    let versions = result.versions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    return """
      \(result.date), commit \(result.commit), \(result.device); `\(result.command)`.
      Limits: \(limits). \(versions.joined(separator: ", ")).
      Load \(result.host["load_before"] ?? "?") before, \(SuiteHost.load()) after.


      """
  }
}
