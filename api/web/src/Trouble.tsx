/** Say what went wrong, where it went wrong; read out by screen readers. */
export function Trouble({ error }: { error: Error | null }) {
  if (error === null) return null;
  return (
    <p className="trouble" role="alert">
      {error.message}
    </p>
  );
}
