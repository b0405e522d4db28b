import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLastSwitches } from '../../src/store/switch-events.js';
import { startSwitchWorld } from './switch-world.js';
import type { SwitchWorld } from './switch-world.js';

describe.each([
  ['the memory beside the tokens', false],
  ['the memory in another database', true],
])('a switch while a poll is under way, with %s', (_, isApart) => {
  let world: SwitchWorld;
  beforeEach(async () => {
    world = await startSwitchWorld(isApart);
  });
  afterEach(() => world.stop());

  it.each([
    [false, 'deactivated_by_hand'],
    [true, 'reactivated_by_hand'],
  ])('is all that is noted, where the row is switched to %s', async (on, event) => {
    await world.applicationSets(`is_active = ${String(!on)}`);
    await world.poll();
    const before = await world.ledger();
    const beforeSwitch = await world.observe();
    expect(await world.switchTo(on)).toEqual({ ok: true });
    expect(await world.remember(beforeSwitch)).toEqual([]);
    expect([await world.isActive(), await world.remembered()]).toEqual([on, on]);
    expect(await world.poll()).toEqual([]);
    await world.later();
    expect(await world.poll()).toEqual([]);
    expect(await world.ledger()).toEqual([...before, event]);
  });

  it('is the last of the ledger still, so that it can be undone', async () => {
    const beforeSwitch = await world.observe();
    await world.switchTo(false);
    await world.remember(beforeSwitch);
    await world.poll();
    const last = await readLastSwitches(
      (text, values) => world.state.query(text, values),
      world.provider.name,
    );
    expect(last.get(world.tokenId)?.event).toBe('deactivated_by_hand');
  });

  it('is all that is noted where it is undone before the poll remembers', async () => {
    await world.switchTo(false);
    const between = await world.observe();
    await world.switchTo(true);
    expect(await world.remember(between)).toEqual([]);
    expect(await world.poll()).toEqual([]);
    expect(await world.remembered()).toBe(true);
    expect(await world.ledger()).toEqual(['deactivated_by_hand', 'reactivated_by_hand']);
  });

  it('is all that is noted where a replica took over an older snapshot', async () => {
    const beforeSwitch = await world.observe();
    await world.switchTo(false);
    expect(await world.poll()).toEqual([]);
    expect((await world.rememberWith(null, beforeSwitch)).events).toEqual([]);
    expect(await world.poll()).toEqual([]);
    expect(await world.ledger()).toEqual(['deactivated_by_hand']);
  });

  it('is not taken back by a poll that takes over something else of the row', async () => {
    await world.applicationSets(`token_expires_at = token_expires_at + interval '1 day'`);
    const beforeSwitch = await world.observe();
    await world.whileHeldBack(async (release) => {
      // The poll compares before the switch is committed, and writes after it.
      const written = world.switchTo(false);
      await world.waitingFor(1);
      const noted = world.rememberWith(null, beforeSwitch);
      await world.waitingFor(2);
      await release();
      expect(await written).toEqual({ ok: true });
      expect((await noted).events).toEqual([]);
    });
    expect(await world.remembered()).toBe(false);
    expect(await world.poll()).toEqual(['foreign_refresh']);
    expect(await world.ledger()).toEqual(['deactivated_by_hand', 'foreign_refresh']);
  });

  it('is all that is noted where the poll observes after it began', async () => {
    await world.whileHeldBack(async (release) => {
      const written = world.switchTo(false);
      await world.waitingFor(1);
      const duringSwitch = await world.observe();
      await release();
      expect(await written).toEqual({ ok: true });
      expect(await world.remember(duringSwitch)).toEqual([]);
    });
    expect(await world.poll()).toEqual([]);
    expect(await world.ledger()).toEqual(['deactivated_by_hand']);
  });

  it('is all that is noted of a row that no poll had remembered', async () => {
    await world.state.query('DELETE FROM oauth_token_exporter.tokens WHERE token_id = $1', [
      world.tokenId,
    ]);
    const beforeSwitch = await world.observe();
    await world.switchTo(false);
    expect(await world.remember(beforeSwitch)).toEqual([]);
    expect(await world.poll()).toEqual(['first_seen']);
    expect(await world.remembered()).toBe(false);
    expect(await world.ledger()).toEqual(['deactivated_by_hand']);
  });

  it('does not hide what the application does to the row later', async () => {
    await world.switchTo(false);
    await world.poll();
    await world.later();
    await world.applicationSets('is_active = true');
    expect(await world.poll()).toEqual(['reactivated']);
    await world.applicationSets('is_active = false');
    expect(await world.poll()).toEqual(['deactivated']);
    expect(await world.ledger()).toEqual(['deactivated_by_hand', 'reactivated', 'deactivated']);
  });

  it('does not hide what the application does at once: a later poll notes it', async () => {
    await world.switchTo(false);
    await world.applicationSets(
      `is_active = true, token_expires_at = token_expires_at + interval '1 day'`,
    );
    expect(await world.poll()).toEqual([]);
    await world.later();
    expect(await world.poll()).toEqual(['foreign_refresh', 'reactivated']);
  });

  it('does not keep other changes of the row waiting', async () => {
    await world.switchTo(false);
    await world.applicationSets(`token_expires_at = token_expires_at + interval '1 day'`);
    expect(await world.poll()).toEqual(['foreign_refresh']);
  });
});

describe('a switch with the memory in another database', () => {
  let world: SwitchWorld;
  beforeEach(async () => {
    world = await startSwitchWorld(true);
  });
  afterEach(() => world.stop());

  it('that did not reach the row is noted by a later poll', async () => {
    await world.app.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
       CREATE CONSTRAINT TRIGGER refused AFTER UPDATE ON fathom_integrations
         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()`,
    );
    expect(await world.switchTo(false)).toMatchObject({ ok: false });
    expect([await world.isActive(), await world.remembered()]).toEqual([true, false]);
    expect(await world.poll()).toEqual([]);
    await world.later();
    expect(await world.poll()).toEqual(['reactivated']);
    expect(await world.remembered()).toBe(true);
  });

  it("has the time of the tokens' database, as the poll has", async () => {
    await world.turnMemoryClockBack();
    const beforeSwitch = await world.observe();
    expect(await world.switchTo(false)).toEqual({ ok: true });
    expect(await world.remember(beforeSwitch)).toEqual([]);
  });
});
