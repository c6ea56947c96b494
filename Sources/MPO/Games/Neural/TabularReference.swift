import Foundation

/// MPO of every game by itself, exact and in double precision: the curve that a network is held
/// against. `log pi = (log pi + eta alpha log mu + eta P pi) / (1 + eta alpha) - log Z`, and
/// `mu = pi` after every `syncSteps` steps (0: never).
struct TabularReference {
  let games: [PreferenceGame]
  let eta: Double
  let alpha: Double
  let syncSteps: Int
  private(set) var steps = 0
  private var logPolicies: [[Double]]
  private var logMagnets: [[Double]]

  init(_ games: [PreferenceGame], start: [[Double]], eta: Double, alpha: Double, syncSteps: Int) {
    self.games = games
    self.eta = eta
    self.alpha = alpha
    self.syncSteps = syncSteps
    logPolicies = start.map { $0.map { log($0) } }
    logMagnets = logPolicies
  }

  mutating func step() {
    let scale = 1 / (1 + eta * alpha)
    for (x, game) in games.enumerated() {
      let rates = game.winRates(against: logPolicies[x].map { exp($0) })
      var next = logPolicies[x]
      for y in next.indices {
        next[y] = (next[y] + eta * alpha * logMagnets[x][y] + eta * rates[y]) * scale
      }
      let top = next.max() ?? 0
      let logSum = top + log(next.reduce(0) { $0 + exp($1 - top) })
      logPolicies[x] = next.map { $0 - logSum }
    }
    steps += 1
    if syncSteps > 0, steps % syncSteps == 0 { logMagnets = logPolicies }
  }

  var policies: [[Double]] { logPolicies.map { $0.map { exp($0) } } }
  var gaps: [Double] { zip(games, policies).map { $0.dualityGap($1) } }
}
