import { paths } from './links.js';

/** A page that says one thing: that something is not there, say. */
export function MessagePage({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <>
      <h1>{title}</h1>
      <p>{text}</p>
      <p>
        <a href={paths.overview}>Overview</a>
      </p>
    </>
  );
}
