import Foundation
import MPOModel
import TestSupport
import Testing

@testable import MPO

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Pages are read back by an XML parser; tools/check_report.sh looks at them in a browser.
@Suite struct RunReportTests {
  /// A run of self-play with every kind of metric.
  static func run(
    _ folder: TemporaryFolder, _ name: String, steps: Int = 40, shift: Double = 0,
    completion: String = "a boy", settings: [(name: String, value: String)] = []
  ) throws {
    try FileManager.default.createDirectory(
      atPath: folder.file(name), withIntermediateDirectories: true)
    var text = ""
    for step in 1...steps {
      var line = JSONLine()
      line.add("step", step)
      line.add("loss", 1 / Double(step) + shift)
      line.add("magnet/kl", Double(step % 10) / 100)
      line.add("magnet/updates", step / 10)
      line.add("duality_gap", 0.5 - Double(step) / 100 + shift)
      line.add("share/a", 0.25)
      line.add("share/b", 0.75)
      line.add("completions/mean_length", 8.0)
      line.add("completions/min_length", 2.0)
      line.add("completions/max_length", 12.0)
      line.add("num_tokens", 640 * step)
      line.add("step_time", 0.5)
      line.add("timing/train", 0.25)
      line.add("peak_memory", 31.5)
      line.add("my/own<metric>", Double(step))
      if step % 10 == 0 {
        line.add("eval_win_rate", 0.5 + Double(step) / 100)
        line.add("eval_avg_win_prob", 0.5)
        line.add("eval_avg_win_prob_low", 0.4)
        line.add("eval_avg_win_prob_high", 0.6)
      }
      var sample = JSONLine()
      sample.add("prompt", "Once <upon>")
      sample.add("completion", completion)
      sample.add("winRate", 0.625)
      line.add("completions", "[\(sample.text)]")
      text += line.text + "\n"
    }
    try folder.write(text, "\(name)/metrics.jsonl")
    if !settings.isEmpty { try RunDescription.write(settings, to: folder.file(name)) }
  }

  @Test func oneRun() throws {
    let folder = try TemporaryFolder()
    try Self.run(folder, "mpo", settings: [("seed", "0"), ("eta", "1")])
    let html = try RunReport(runs: [folder.file("mpo")]).html
    let page = try Page(html)
    for text in [
      "Duality gap", "Shares of classes", "KL to magnet and base", "Time of a step", "Peak memory",
      "my/own<metric>", "Once <upon>", "a boy", "62.5 %", "eta", "Completion length",
    ] { #expect(page.texts.contains(text), "\(text)") }
    // A smoothed line for every metric that is drawn, and one marker for each of several.
    #expect(page.panels["Shares of classes"]?.filter { $0.classes == "curve s0" }.count == 1)
    #expect(page.panels["Shares of classes"]?.filter { $0.classes == "curve s1" }.count == 1)
    #expect(page.panels["Completion length"]?.contains { $0.classes == "band f0" } == true)
    #expect(page.panels["Win rate"]?.contains { $0.classes == "reference" } == true)
    #expect(page.panels["Win rate"]?.contains { $0.classes == "band f1" } == true)
    #expect(page.panels["eval_avg_win_prob_low"] == nil, "the band has it")
    // Refreshes at steps 10, 20, 30 and 40 of an axis from 0 to 40.
    let marks = page.panels["Duality gap"]?.first { $0.classes == "refresh" }?.path
    #expect(marks == "M250 0V1000M500 0V1000M750 0V1000M1000 0V1000")
    #expect(page.panels["Peak memory"]?.contains { $0.classes == "refresh" } == false)
  }

  @Test func refreshesFollowTheAxis() throws {
    let folder = try TemporaryFolder()
    try Self.run(folder, "mpo")
    for (axis, label) in [(ReportAxis.tokens, "generated tokens"), (.time, "minutes in steps")] {
      let page = try Page(RunReport(runs: [folder.file("mpo")], axis: axis).html)
      let marks = page.panels["Duality gap"]?.first { $0.classes == "refresh" }?.path
      #expect(marks == "M250 0V1000M500 0V1000M750 0V1000M1000 0V1000")
      #expect(page.texts.contains(label))
    }
  }

  /// One colour for a setting in every panel, means over its seeds, and a legend.
  @Test func overlays() throws {
    let folder = try TemporaryFolder()
    let settings = [(name: "eta", value: "1")]
    for seed in 0..<3 {
      try Self.run(
        folder, "mpo/seed-\(seed)", shift: Double(seed), settings: settings)
    }
    try Self.run(folder, "none", steps: 20, settings: [("eta", "2"), ("clip_range", "0.1")])
    let report = try RunReport(runs: [folder.path])
    let page = try Page(report.html)
    #expect(report.groups.map(\.name) == ["mpo", "none"])
    for title in ["Duality gap", "Loss", "KL to magnet and base", "Shares of classes: a"] {
      let paths = try #require(page.panels[title], "\(title)")
      #expect(paths.filter { $0.classes == "curve s0 seed" }.count == 3)
      #expect(paths.filter { $0.classes == "curve s0" }.count == 1)
      #expect(paths.filter { $0.classes == "band f0" }.count == 1)
      #expect(paths.filter { $0.classes == "curve s1" }.count == 1)
    }
    #expect(page.buttons == 2)
    // 1/40 + (0, 1, 2): mean 1.025 and error 1/sqrt(3).
    #expect(page.texts.contains("1.03 ± 0.58"))
    // The settings that differ, tinted.
    #expect(page.tinted.contains("2") && page.tinted.contains("0.1"))
    #expect(page.panels["Duality gap"]?.contains { $0.classes == "tick s0" } == true)
    let reversed = try RunReport(runs: [folder.file("none"), folder.file("mpo")])
    #expect(reversed.groups.map(\.name) == ["none", "mpo"], "colours go by the order given")
  }

  @Test func sameFilesSameBytes() throws {
    let folder = try TemporaryFolder()
    try Self.run(folder, "a/seed-0")
    try Self.run(folder, "a/seed-1", shift: 0.25)
    let pages = try (0..<2).map { _ in try RunReport(runs: [folder.file("a")]).html }
    #expect(pages[0] == pages[1])
  }

  /// Text of models, names of metrics, folders and settings never become markup.
  @Test func hostileText() throws {
    let folder = try TemporaryFolder()
    let hostile =
      "</script><script>alert(1)</script><img src=x onerror=alert(1)>\u{0}\u{1B}[31m\u{202E}]]>'\"&amp;"
    try Self.run(
      folder, "<img src=x>", completion: hostile,
      settings: [("judge", "<b>bold</b>\n\"q\""), ("a<b>", hostile)])
    let html = try RunReport(runs: [folder.path], title: "</title><script>x</script>").html
    let page = try Page(html)
    #expect(
      page.elements["script"] == 1 && page.elements["img"] == nil && page.elements["b"] != nil)
    #expect(!html.contains("<script>alert") && !html.contains("onerror=alert(1)>"))
    #expect(!html.contains("\u{202E}") && !html.contains("\u{0}") && !html.contains("\u{1B}"))
    #expect(page.texts.contains { $0.contains("<img src=x onerror=alert(1)>") }, "shown as it is")
    #expect(page.texts.contains("<b>bold</b>\n\"q\""))
    #expect(html.components(separatedBy: "]]>").count == 2, "only that of the script")
  }

  /// Nothing is loaded from anywhere, and only the page's own script runs.
  @Test func isSelfContained() throws {
    let folder = try TemporaryFolder()
    try Self.run(folder, "mpo")
    let html = try RunReport(runs: [folder.path]).html
    #expect(!html.contains("http://") && !html.contains("https://") && !html.contains("@import"))
    #expect(!html.contains("url("))
    let digest = SHA256.digest(Array(RunReport.script.utf8)).flatMap { word in
      (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0))) }
    }
    #expect(
      html.contains("script-src &#39;sha256-\(Data(digest).base64EncodedString())&#39;")
        || html.contains("script-src 'sha256-\(Data(digest).base64EncodedString())'"))
    #expect(html.contains("<script>\(RunReport.script)</script>"))
    #expect(html.contains("default-src 'none'"))
  }

  @Test func runsInEveryState() throws {
    let folder = try TemporaryFolder()
    for (name, text) in [
      ("empty", ""), ("torn", "{\"step\": 1, \"lo"), ("one", "{\"step\": 1, \"loss\": 2}\n"),
      ("null", "{\"step\": 1, \"loss\": null}\n"),
      (
        "odd",
        "{\"step\": 0, \"x\": 1e308, \"y\": -1e-320}\n{\"step\": 9000000000000000, \"x\": -1e308}\n"
      ),
      ("texts", "{\"step\": 1, \"completions\": \"not json\"}\n"),
      ("same", "{\"step\": 1, \"loss\": 2}\n{\"step\": 2, \"loss\": 2}\n"),
    ] {
      try FileManager.default.createDirectory(
        atPath: folder.file("runs/\(name)"), withIntermediateDirectories: true)
      try folder.write(text, "runs/\(name)/metrics.jsonl")
      let page = try Page(RunReport(runs: [folder.file("runs/\(name)")]).html)
      #expect(page.elements["h1"] == 1, "\(name)")
    }
    let all = try RunReport(runs: [folder.path])
    #expect(all.runCount == 7)
    _ = try Page(all.html)
    #expect(throws: ReportError.names(expected: 7, found: 1)) {
      try RunReport(runs: [folder.path], names: ["a"])
    }
  }

  @Test func statusOfARun() throws {
    let folder = try TemporaryFolder()
    try Self.run(folder, "a", steps: 8, settings: [("max_steps", "10")])
    #expect(try RunFolder.read(folder.file("a"), name: "a").status == .open)
    do {
      let lock = try RunLock(folder.file("a"))
      #expect(try RunFolder.read(folder.file("a"), name: "a").status == .running)
      let html = try RunReport(runs: [folder.file("a")]).html
      #expect(html.contains("running · step 8 of 10"))
      withExtendedLifetime(lock) {}
    }
    try folder.write("", "a/model.safetensors")
    #expect(try RunFolder.read(folder.file("a"), name: "a").status == .open, "of an earlier run")
    try Self.run(folder, "a", steps: 10, settings: [("max_steps", "10")])
    #expect(try RunFolder.read(folder.file("a"), name: "a").status == .finished)
  }

  @Test func evaluations() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      """
      {"judge": "panel", "prompts": 64, "policies": [
        {"name": "a", "mean_win_rate": 0.6, "mean_win_rate_low": 0.55, "mean_win_rate_high": 0.65,
         "nash_share": 1, "exploitability": 0, "exploited_by": null, "elo": 1530},
        {"name": "<b>", "mean_win_rate": 0.4, "nash_share": 0, "exploitability": 0.1,
         "exploited_by": "a", "elo": 1470}],
       "win_rates": [[0.5, 0.6], [0.4, 0.5]], "win_rates_low": [[0.5, 0.55], [0.35, 0.5]],
       "win_rates_high": [[0.5, 0.65], [null, 0.5]],
       "samples": [{"prompt": "p", "responses": ["x", "<y>"], "preferences": [[0.5, 1], [0, 0.5]]}]}
      """, "e.json")
    let page = try Page(RunReport(runs: [], evaluations: [path]).html)
    for text in ["60.0 %", "55.0 % to 65.0 %", "<b>", "Nash mixture", "by a", "<y>", "100.0 %"] {
      #expect(page.texts.contains(text), "\(text)")
    }
    let pair = try folder.write(
      "{\"model\": \"m\", \"reference\": \"r\", \"eval_avg_win_prob\": 0.75, \"eval_avg_win_prob_low\": 0.7, \"eval_avg_win_prob_high\": 0.8}",
      "p.json")
    #expect(try Page(RunReport(runs: [], evaluations: [pair]).html).texts.contains("75.0 %"))
    for (text, name) in [
      ("", "empty"), ("[1]", "list"), ("{}", "other"), ("{\"policies\": [{}]}", "nameless"),
      ("{\"policies\": [{\"name\": \"a\"}], \"win_rates\": [[1, 2]]}", "shape"),
    ] {
      let path = try folder.write(text, "\(name).json")
      #expect(throws: ReportError.self, "\(name)") { try EvaluationFile(path) }
    }
    #expect(throws: ReportError.self) { try EvaluationFile(folder.file("absent.json")) }
  }
}

/// A page read back: well-formed, or the test fails.
private final class Page: NSObject, XMLParserDelegate {
  private(set) var texts: Set<String> = []
  private(set) var elements: [String: Int] = [:]
  /// Paths of the panels, by title.
  private(set) var panels: [String: [(classes: String, path: String)]] = [:]
  private(set) var tinted: [String] = []
  var buttons: Int { elements["button"] ?? 0 }
  private var buffers: [String] = []
  private var classes: [String] = []
  private var title = ""

  init(_ html: String) throws {
    super.init()
    let parser = XMLParser(data: Data(html.utf8))
    parser.delegate = self
    try #require(
      parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "") at \(parser.lineNumber)")
    for word in ["NaN", "\"nan", "inf%", "Optional("] {
      let body = html.components(separatedBy: "<script>").first ?? ""
      #expect(!body.contains(word), "\(word)")
    }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    elements[name, default: 0] += 1
    buffers.append("")
    classes.append(attributes["class"] ?? "")
    // Paths of the drawing: a legend's swatches have no figure's size.
    if name == "path", !title.isEmpty, let path = attributes["d"], path != "M1 6H23" {
      panels[title, default: []].append((attributes["class"] ?? "", path))
    }
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    if !buffers.isEmpty { buffers[buffers.count - 1] += string }
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    let (text, style) = (buffers.removeLast(), classes.removeLast())
    texts.insert(text.trimmingCharacters(in: .whitespacesAndNewlines))
    if style == "differs" { tinted.append(text) }
    if name == "h3" { title = text }
    if name == "figure" { title = "" }
  }
}
