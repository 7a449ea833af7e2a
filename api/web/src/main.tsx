import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./App";
import { Problem, whileBusy } from "./client";
import { LanguageProvider } from "./i18n/language";
import { sessionQuery } from "./queries";
import "./style.css";

const SIGNED_OUT = 401;

const queries: QueryClient = new QueryClient({
  // A session ends while a page is open: ask who is signed in, which shows the page to sign in.
  queryCache: new QueryCache({ onError: (error) => askAgain(error) }),
  mutationCache: new MutationCache({ onError: (error) => askAgain(error) }),
  defaultOptions: {
    queries: {
      retry: (failures, error) => failures < 1 || whileBusy(failures, error),
      staleTime: 5_000,
      refetchOnWindowFocus: true,
    },
  },
});

function askAgain(error: Error): void {
  if (error instanceof Problem && error.status === SIGNED_OUT) {
    void queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
  }
}

const root = document.getElementById("root");
if (root === null) throw new Error("index.html lacks #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <LanguageProvider>
        <App />
      </LanguageProvider>
    </QueryClientProvider>
  </StrictMode>,
);
