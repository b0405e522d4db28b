import type { Config } from '../config/config.js';
import type { WebhookConfig } from '../config/notify-config.js';
import { suggestion } from '../config/problem.js';
import type { SlackAnswer } from '../notify/slack-answer.js';
import { sendToSlack } from '../notify/slack-webhook.js';
import { testMessage } from '../notify/test-message.js';
import { unlatchWebhook, webhookFingerprint } from '../store/webhooks.js';
import { prepareConnection } from './command-context.js';
import type { CommandContext, ReadyToConnect } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { missesMemory, withState } from './state-database.js';

/** `notify test`: sends one marked message over each webhook, or over one, and says what came back. */
export async function notifyTest(
  context: CommandContext,
  { webhook: wanted }: { readonly webhook: string | null },
): Promise<ExitCode> {
  const ready = prepareConnection(context);
  if (ready === null) return exitCode.usage;
  const webhooks = choose(ready.config, wanted);
  if (typeof webhooks === 'string') {
    context.stderr.write(`${webhooks}\n`);
    return exitCode.usage;
  }
  const answers: SlackAnswer[] = [];
  for (const webhook of webhooks) {
    const answer = await sendToSlack(webhook.url, testMessage(webhook.name, context.version));
    answers.push(answer);
    context.stdout.write(`${webhook.name}: ${describe(answer)}\n`);
    if (answer.kind === 'accepted') await useAgain(context, ready, webhook);
  }
  if (answers.every(({ kind }) => kind === 'accepted')) return exitCode.fine;
  return answers.some(isNoAnswer) ? exitCode.unknown : exitCode.no;
}

function choose(config: Config, wanted: string | null): readonly WebhookConfig[] | string {
  const { webhooks } = config.notify;
  if (webhooks.length === 0) {
    return 'no webhook is configured, so messages go to the log: set SLACK_WEBHOOK_URL';
  }
  if (wanted === null) return webhooks;
  const found = webhooks.filter(({ name }) => name === wanted);
  const names = webhooks.map(({ name }) => name);
  return found.length > 0
    ? found
    : `no webhook "${wanted}" is configured: ${suggestion(wanted, names)}`;
}

function describe(answer: SlackAnswer): string {
  if (answer.kind === 'accepted') return 'Slack took the message; look at it in the channel';
  const { detail } = answer;
  switch (answer.reason) {
    case 'webhook_refused':
      return `Slack refuses this webhook for good (${detail}): make a new one in Slack and configure its URL`;
    case 'message_rejected':
      return `Slack refused the message (${detail}): please report it`;
    case 'rate_limited':
      return `Slack wants fewer messages (${detail}): try again in a minute`;
    case 'unexpected_response':
      return `the answer is not Slack's (${detail}): check the URL, and what stands between`;
    case 'server_error':
      return `Slack has trouble (${detail}): try again later`;
    case 'timeout':
    case 'network':
      return `Slack could not be reached: ${detail}`;
  }
}

/** Nothing was decided over there. */
function isNoAnswer(answer: SlackAnswer): boolean {
  if (answer.kind === 'accepted') return false;
  switch (answer.reason) {
    case 'timeout':
    case 'network':
    case 'server_error':
    case 'unexpected_response':
      return true;
    case 'rate_limited':
    case 'message_rejected':
    case 'webhook_refused':
      return false;
  }
}

/** A webhook that works is not refused: the running exporter may use it again. */
async function useAgain(
  context: CommandContext,
  ready: ReadyToConnect,
  { name, url }: WebhookConfig,
): Promise<void> {
  try {
    const wasRefused = await withState(ready, context.terminated, ({ run }) =>
      run((query) => unlatchWebhook(query, webhookFingerprint(url))),
    );
    if (wasRefused) context.stdout.write(`${name}: is used again; it had been refused before\n`);
  } catch (error) {
    // Without a memory nothing was ever refused.
    if (missesMemory(error) === 'absent') return;
    context.stderr.write(
      `${name}: whether it had been refused before is not known, since the memory can't be reached\n`,
    );
  }
}
