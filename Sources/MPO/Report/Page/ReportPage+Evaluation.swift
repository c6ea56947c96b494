import Foundation

extension RunReport {
  func writeEvaluations(_ page: inout HTML) {
    for evaluation in evaluations { write(evaluation, &page) }
  }

  private func write(_ evaluation: EvaluationFile, _ page: inout HTML) {
    if evaluations.count > 1 {
      page.leaf("h4", URL(fileURLWithPath: evaluation.path).lastPathComponent)
    }
    let judge = evaluation.judge.map { ["judge: \($0)"] } ?? []
    let facts = (judge + evaluation.facts).joined(separator: " · ")
    if !facts.isEmpty { page.leaf("p", facts, [("class", "facts")]) }
    writeFigures(evaluation, &page)
    if !evaluation.winRates.isEmpty { writeMatrix(evaluation, &page) }
    guard !evaluation.samples.isEmpty else { return }
    page.element("details", [("class", "below")]) { page in
      let count = evaluation.samples.count
      page.leaf(
        "summary", "Responses side by side (\(count) \(count == 1 ? "prompt" : "prompts"))")
      page.element("div") { page in
        for sample in evaluation.samples {
          Self.writePrompt(sample.prompt, &page)
          page.element("div", [("class", "answers")]) { page in
            for (i, response) in sample.responses.enumerated() {
              Self.writeAnswer(
                response, rate: sample.winRates[i], label: evaluation.policies[i].name, &page)
            }
          }
        }
      }
    }
  }

  private func writeFigures(_ evaluation: EvaluationFile, _ page: inout HTML) {
    let shown = EvaluationFile.columns.indices.filter { column in
      evaluation.policies.contains { $0.figures[column] != nil }
    }
    guard !shown.isEmpty else { return }
    page.element("div", [("class", "scroll"), ("tabindex", "0")]) { page in
      page.element("table", [("style", Self.nameWidth(evaluation.policies.map(\.name)))]) { page in
        page.element("thead") { page in
          page.element("tr") { page in
            page.leaf("th", "Policy")
            for column in shown { page.leaf("th", EvaluationFile.columns[column].title) }
          }
        }
        page.element("tbody") { page in
          for policy in evaluation.policies {
            page.element("tr") { page in
              page.leaf("th", policy.name)
              for column in shown { writeFigure(policy, column, &page) }
            }
          }
        }
      }
    }
  }

  private func writeFigure(
    _ policy: EvaluationFile.Policy, _ column: Int, _ page: inout HTML
  ) {
    let kind = EvaluationFile.columns[column]
    func text(_ value: Double) -> String {
      kind.isPercent ? reportPercent(value) : reportFigure(value)
    }
    page.element("td") { page in
      guard let estimate = policy.figures[column] else { return page.raw("–") }
      page.raw(HTML.escaped(text(estimate.value)))
      if let low = estimate.low, let high = estimate.high {
        page.leaf("small", "\(text(low)) to \(text(high))")
      }
      if kind.key == "exploitability", let name = policy.exploitedBy {
        page.leaf("small", "by \(name)")
      }
    }
  }

  /// P(row over column), tinted by how far it is from even, and the Nash mixture below.
  private func writeMatrix(_ evaluation: EvaluationFile, _ page: inout HTML) {
    page.leaf("h4", "Win rate of the row's policy over the column's")
    page.element("div", [("class", "scroll"), ("tabindex", "0")]) { page in
      page.element("table", [("style", Self.nameWidth(evaluation.policies.map(\.name)))]) { page in
        page.element("thead") { page in
          page.element("tr") { page in
            page.leaf("th", "")
            for policy in evaluation.policies { page.leaf("th", policy.name) }
          }
        }
        page.element("tbody") { page in
          for (i, row) in evaluation.winRates.enumerated() {
            page.element("tr") { page in
              page.leaf("th", evaluation.policies[i].name)
              for (j, rate) in row.enumerated() { writeCell(rate, isOwn: i == j, &page) }
            }
          }
          if evaluation.policies.contains(where: { $0.nashShare != nil }) {
            page.element("tr") { page in
              page.leaf("th", "Nash mixture")
              for policy in evaluation.policies {
                page.leaf(
                  "td", policy.nashShare.map { reportPercent($0.value) } ?? "–",
                  (policy.nashShare?.value ?? 0) > 0.005 ? [("class", "best")] : [])
              }
            }
          }
        }
      }
    }
  }

  private func writeCell(
    _ rate: EvaluationFile.Estimate?, isOwn: Bool, _ page: inout HTML
  ) {
    guard let rate, !isOwn else { return page.leaf("td", isOwn ? "·" : "–") }
    let strength = min(0.5, abs(rate.value - 0.5)) * 1.1
    let tint = rate.value > 0.5 ? "--tint" : "--lose"
    let style = "background:rgba(var(\(tint)),\(String(format: "%.2f", strength)))"
    page.element("td", [("style", style)]) { page in
      page.raw(HTML.escaped(reportPercent(rate.value)))
      if let low = rate.low, let high = rate.high {
        page.leaf("small", "\(reportPercent(low)) to \(reportPercent(high))")
      }
    }
  }
}
