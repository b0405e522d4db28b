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

/** Names of the rule files in alerts/. */
export function ruleFileNames(): string[] {
  return readdirSync(alertsFolder).filter((name) => name.endsWith('.rules.yml'));
}

/** Every alert of every rule file. */
export function alertRules(): AlertRule[] {
  return ruleFileNames().flatMap((name) => {
    const file = readYaml(name) as { groups: { rules: AlertRule[] }[] };
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

/** What the promtool tests expect of each alert. */
export function alertExpectations(): AlertExpectation[] {
  interface Case {
    alertname: string;
    exp_alerts?: unknown[];
  }
  return ruleTestNames().flatMap((name) => {
    const file = readYaml(name) as { tests: { alert_rule_test?: Case[] }[] };
    return file.tests
      .flatMap((test) => test.alert_rule_test ?? [])
      .map(({ alertname, exp_alerts = [] }) => ({ alertname, fires: exp_alerts.length > 0 }));
  });
}

function readYaml(name: string): unknown {
  return parse(readFileSync(`${alertsFolder}/${name}`, 'utf8'));
}
