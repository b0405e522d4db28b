import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const alertsFolder = fileURLToPath(new URL('../../alerts', import.meta.url));

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

/** Names of the rule files in alerts/. */
export function ruleFileNames(): string[] {
  return readdirSync(alertsFolder).filter((name) => name.endsWith('.rules.yml'));
}

/** Every alert of every rule file. */
export function alertRules(): AlertRule[] {
  return rules().filter((rule) => 'alert' in rule);
}

/** Every recording rule of every rule file. */
export function recordingRules(): RecordingRule[] {
  return rules().filter((rule) => 'record' in rule);
}

/** All PromQL of the rule files: of alerts, of recording rules, and the queries in annotations. */
export function ruleExpressions(): string[] {
  const queries = alertRules().flatMap(({ annotations = {} }) =>
    Object.values(annotations).filter((text) => text.includes('query')),
  );
  return [...rules().map(({ expr }) => expr), ...queries];
}

function rules(): (AlertRule | RecordingRule)[] {
  return ruleFileNames().flatMap((name) => {
    const file = readYaml(name) as { groups: { rules: (AlertRule | RecordingRule)[] }[] };
    return file.groups.flatMap((group) => group.rules);
  });
}

/** Names of the promtool test files, relative to alerts/. */
export function ruleTestNames(): string[] {
  return readdirSync(`${alertsFolder}/tests`)
    .filter((name) => name.endsWith('.test.yml'))
    .map((name) => `tests/${name}`);
}

export interface AlertExpectation {
  readonly alertname: string;
  readonly fires: boolean;
}

interface AlertCase {
  readonly alertname: string;
  readonly exp_alerts?: readonly unknown[];
}

/** A promtool test file. */
export interface RuleTestFile {
  readonly rule_files: readonly string[];
  readonly tests: readonly {
    readonly name: string;
    readonly alert_rule_test?: readonly AlertCase[];
  }[];
}

export function ruleTestFiles(): RuleTestFile[] {
  return ruleTestNames().map((name) => readYaml(name) as RuleTestFile);
}

export interface AlertExpectation {
  readonly alertname: string;
  readonly fires: boolean;
}

/** What the promtool tests expect of each alert; those of the form `promql_expr_test` are left out. */
export function alertExpectations(): AlertExpectation[] {
  return ruleTestFiles()
    .flatMap(({ tests }) => tests)
    .flatMap(({ alert_rule_test = [] }) => alert_rule_test)
    .map(({ alertname, exp_alerts = [] }) => ({ alertname, fires: exp_alerts.length > 0 }));
}

function readYaml(name: string): unknown {
  return parse(readFileSync(`${alertsFolder}/${name}`, 'utf8'));
}
