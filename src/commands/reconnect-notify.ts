import { plural } from '../config/plural.js';
import { createMailEffects } from '../remedy/mail-effects.js';
import { planMails } from '../remedy/mail-plan.js';
import { sendMails } from '../remedy/mail-send.js';
import { openMailTransport } from '../remedy/mail-transport.js';
import { reconnectList } from '../remedy/reconnect-list.js';
import { readMails } from '../store/reconnect-mails.js';
import { askYes } from './ask-yes.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import type { AccountMode } from '../notify/mask-account.js';
import { printable } from './printable.js';
import { formatMailPlan, formatMailRun } from './reconnect-notify-format.js';
import { readRemedy, withRemedy } from './remedy-scope.js';
import type { RemedyScope } from './remedy-scope.js';

export interface NotifyOptions {
  readonly provider: string | null;
  readonly allExpired: boolean;
  readonly yes: boolean;
  /** Also whoever was written to within the pause. */
  readonly force: boolean;
  readonly json: boolean;
  readonly accounts: AccountMode;
  readonly actor: string;
  readonly reason: string | null;
}

/**
 * `reconnect --notify`: writes to everybody who must authorize again, once. Ctrl-C begins no further
 * mail and waits for what is on its way, so that what is remembered is true.
 */
export async function reconnectNotify(
  context: CommandContext,
  options: NotifyOptions,
): Promise<ExitCode> {
  const never = new AbortController().signal;
  return withRemedy(context, options.provider, (scope) => run(context, scope, options), never);
}

async function run(
  context: CommandContext,
  scope: RemedyScope,
  options: NotifyOptions,
): Promise<ExitCode> {
  const { mail, smtpUrl } = scope.ready.config;
  if (mail === null || smtpUrl === null) {
    context.stderr.write(
      mail === null
        ? 'nothing says how people are written to: map mail, with from and reconnect_url (docs/configuration.md)\n'
        : 'nothing says which server sends mail: set SMTP_URL, or SMTP_URL_FILE\n',
    );
    return exitCode.usage;
  }
  const reading = await readRemedy(context, scope);
  const { unread, memoryProblem, now } = reading.facts;
  if (memoryProblem !== null) context.stderr.write(`nothing can be remembered: ${memoryProblem}\n`);
  if (unread.length > 0 || memoryProblem !== null || reading.peopleProblems.length > 0) {
    return exitCode.unknown;
  }
  const list = reconnectList(reading.facts.tokens, reading, options.allExpired, now.getTime());
  const remembered = await scope.state.run((query) =>
    readMails(
      query,
      scope.providers.map(({ name }) => name),
    ),
  );
  const plan = planMails(list, remembered, options.force);
  if (plan.mails.length === 0 || !options.json || !options.yes) {
    context.stdout.write(formatMailPlan(plan, options));
  }
  if (plan.mails.length === 0) return exitCode.fine;
  const question = `Write to ${plural(plan.mails.length, 'person', 'people')}?`;
  const agreed = options.json ? options.yes : await askYes(context, options.yes, question);
  if (!agreed || context.terminated.aborted) {
    if (!options.json) context.stdout.write('nobody was written to; to do it: --yes\n');
    return exitCode.fine;
  }
  const transport = openMailTransport(smtpUrl);
  const problem = await transport.check();
  if (problem !== null) {
    context.stderr.write(
      `the mail server can not be used, and nobody was written to: ${printable(problem)}; check SMTP_URL\n`,
    );
    return exitCode.unknown;
  }
  const { actor, reason: why, force } = options;
  const order = { actor, why, force };
  const effects = createMailEffects(mail, transport, scope.state.run, order);
  const done = await sendMails(plan.mails, effects, context.terminated);
  context.stdout.write(formatMailRun(plan, done, options));
  if (done.stopped !== null) {
    context.stderr.write(`${printable(done.stopped)}; run it again: nobody is written to twice\n`);
    return exitCode.unknown;
  }
  return done.results.every(({ outcome }) => outcome === null || outcome.kind === 'sent')
    ? exitCode.fine
    : exitCode.no;
}
