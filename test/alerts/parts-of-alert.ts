/**
 * The part of a promtool test file that is about one alert; null when there is none. As text: `0x20`
 * is a notation of promtool, and a number to everybody else.
 */
export function testsOf(alert: string, text: string): string | null {
  const [head = '', ...tests] = text.split(/^(?= {2}- name: )/m);
  const about = tests.filter((test) => test.startsWith(`  - name: ${alert} `));
  return about.length === 0 ? null : [head, ...about].join('');
}

/**
 * The part of a rule file that the tests of one alert are about: its rule, others that they name, and
 * what is recorded. promtool evaluates each rule of a file at each instant of a test.
 */
export function rulesOf(tests: readonly string[], text: string): string {
  const [head = '', ...rules] = text.split(/^(?= {6}- (?:alert|record): )/m);
  const named = rules.filter((rule) => {
    const alert = /^ {6}- alert: (\w+)\n/.exec(rule)?.[1];
    return alert === undefined || tests.some((test) => test.includes(alert));
  });
  return [head, ...named].join('');
}
