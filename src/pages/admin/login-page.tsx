import { adminPaths } from '../links.js';

/** Where somebody shows the ADMIN_TOKEN. `next` is the page they wanted to go on with. */
export function LoginPage({
  next,
  problem,
}: {
  readonly next: string;
  /** Why they were not let in; null: they have not tried. */
  readonly problem: string | null;
}) {
  return (
    <>
      <h1>Log in</h1>
      {problem !== null && (
        <p class="stale" role="alert">
          {problem}
        </p>
      )}
      <p>
        Whoever has the admin token sees accounts unmasked, and can refresh tokens, start and stop
        watches, and silence incidents. Everything else is there without.
      </p>
      <form class="login" method="post" action={adminPaths.login}>
        <input type="hidden" name="next" value={next} />
        {/* Password managers ask whose password it is. */}
        <input type="text" name="name" value="admin" autocomplete="username" readOnly hidden />
        <div class="field">
          <label for="token">Admin token</label>
          <input
            type="password"
            id="token"
            name="token"
            required
            maxLength={1000}
            autocomplete="current-password"
          />
          <small class="quiet">the value of ADMIN_TOKEN where the exporter runs</small>
        </div>
        <button type="submit">Log in</button>
      </form>
    </>
  );
}
