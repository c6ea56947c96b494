import Foundation
import MPOBackend

/// Measures a preference model on pairs.
struct PreferenceEvaluation {
  let pairs: [TokenizedPair]
  var bins = 10
  /// K, and the prompts that get so many; 0 leaves cycles out.
  var responses = 4
  var prompts = 100
  var seed: UInt64 = 0
  var resamples = 2000
  /// Logits of a baseline for the same pairs.
  var baseline: [Double]?

  func report(of model: PreferenceModel) throws -> PreferenceReport {
    var report = PreferenceReport()
    report.model = model.model.folder
    report.kind = model.file.kind
    let logits = try model.logits(pairs)
    measure(logits, &report)
    calibrate(logits, &report)
    if let baseline {
      var other = PreferenceReport()
      measure(baseline, &other)
      calibrate(baseline, &other)
      report.bagOfWords = .init(
        accuracy: other.accuracy, low: other.low, high: other.high, loss: other.loss,
        calibrationError: other.calibrationError)
    }
    guard prompts > 0 else { return report }
    let questions = questions()
    let own = questions.filter { $0.responses.count >= 3 }.map { question in
      PreferenceQuestion(
        prompt: question.prompt, responses: Array(question.responses.prefix(responses)))
    }
    if !own.isEmpty {
      report.ownTriples = .init(try model.logits(Array(own.prefix(prompts))))
    }
    let filled = collected(questions)
    if !filled.isEmpty { report.collectedTriples = .init(try model.logits(filled)) }
    return report
  }

  // MARK: - Accuracy

  private func measure(_ logits: [Double], _ report: inout PreferenceReport) {
    // Pairs of one prompt are not independent draws: right answers and pairs by prompt.
    var groups: [[Int32]: Int] = [:]
    var right: [Double] = []
    var counts: [Double] = []
    for (pair, logit) in zip(pairs, logits) {
      report.loss +=
        PreferenceLoss.crossEntropy(logit: logit, label: pair.preference).loss
        / Double(pairs.count)
      report.margin += logit / Double(pairs.count)
      let group = groups[pair.prompt] ?? groups.count
      if group == groups.count {
        groups[pair.prompt] = group
        right.append(0)
        counts.append(0)
      }
      guard let isRight = isRight(logit: logit, label: pair.preference) else { continue }
      right[group] += isRight
      counts[group] += 1
    }
    report.pairs = pairs.count
    report.prompts = groups.count
    report.decided = Int(counts.reduce(0, +))
    guard report.decided > 0 else { return }
    report.accuracy = right.reduce(0, +) / Double(report.decided)
    if counts.allSatisfy({ $0 <= 1 }) || groups.count == 1 {
      (report.low, report.high) = Statistics.wilson(
        share: report.accuracy, samples: report.decided)
    } else {
      report.interval = .bootstrap
      (report.low, report.high) = bootstrap(right, counts)
    }
  }

  /// 2.5 and 97.5 percentiles of the share over draws of prompts with replacement.
  private func bootstrap(_ right: [Double], _ counts: [Double]) -> (low: Double, high: Double) {
    var shares: [Double] = []
    Resampling(units: right.count, resamples: resamples, seed: seed).drawn { drawn in
      let sum = zip(right, drawn).reduce(0) { $0 + $1.0 * $1.1 }
      let count = zip(counts, drawn).reduce(0) { $0 + $1.0 * $1.1 }
      shares.append(count > 0 ? sum / count : 0.5)
    }
    shares.sort()
    return (Statistics.quantile(shares, 0.025), Statistics.quantile(shares, 0.975))
  }

  // MARK: - Calibration

  /// Confidence is the probability of the side that the model takes, in [1/2, 1], so that it does not
  /// matter which response of a pair is called the first. A soft label is right by its own share.
  private func calibrate(_ logits: [Double], _ report: inout PreferenceReport) {
    var (confidence, right, count) = (
      [Double](repeating: 0, count: bins), [Double](repeating: 0, count: bins),
      [Int](repeating: 0, count: bins)
    )
    for (pair, logit) in zip(pairs, logits) where pair.preference != 0.5 {
      let sure = bradleyTerry(abs(logit))
      let bin = min(bins - 1, Int((sure - 0.5) * 2 * Double(bins)))
      confidence[bin] += sure
      count[bin] += 1
      let label = pair.preference
      right[bin] += logit == 0 ? 0.5 : logit > 0 ? label : 1 - label
    }
    let all = Double(max(1, count.reduce(0, +)))
    let width = 0.5 / Double(bins)
    report.bins = (0..<bins).map { b in
      let n = Double(max(1, count[b]))
      return .init(
        low: 0.5 + Double(b) * width, high: 0.5 + Double(b + 1) * width, pairs: count[b],
        confidence: confidence[b] / n, right: right[b] / n)
    }
    report.calibrationError = report.bins.reduce(0) {
      $0 + Double($1.pairs) / all * abs($1.right - $1.confidence)
    }
  }

  // MARK: - Cycles

  /// Every prompt with its different responses, in the order of the data.
  private func questions() -> [PreferenceQuestion] {
    var index: [[Int32]: Int] = [:]
    var questions: [PreferenceQuestion] = []
    for pair in pairs {
      let place = index[pair.prompt] ?? questions.count
      if place == questions.count {
        index[pair.prompt] = place
        questions.append(PreferenceQuestion(prompt: pair.prompt, responses: []))
      }
      for response in [pair.chosen, pair.rejected]
      where !questions[place].responses.contains(response) {
        questions[place].responses.append(response)
      }
    }
    return questions
  }

  /// Some prompts, drawn without replacement, with K responses each: at most K of their own, then those
  /// to other prompts.
  private func collected(_ questions: [PreferenceQuestion]) -> [PreferenceQuestion] {
    guard questions.count > 1 else { return [] }
    let order = EpochSampler.order(count: questions.count, seed: seed, epoch: 0)
    return order.prefix(prompts).enumerated().compactMap { number, index in
      var question = questions[index]
      question.responses = Array(question.responses.prefix(responses))
      var generator = PhiloxGenerator(
        seed: seed, domain: .dataset, stream: UInt32(truncatingIfNeeded: number))
      // A response that many prompts share may be drawn twice: a few more draws than are needed.
      for _ in 0..<(8 * responses) where question.responses.count < responses {
        let other = questions[generator.index(below: questions.count)].responses
        let response = other[generator.index(below: other.count)]
        if !question.responses.contains(response) { question.responses.append(response) }
      }
      return question.responses.count >= 3 ? question : nil
    }
  }
}
