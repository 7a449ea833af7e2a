import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";

import { go, useView } from "./address";
import { useLanguage } from "./i18n/language";
import { sessionQuery } from "./queries";
import { Person } from "./session/Person";
import { may, mustSignIn } from "./session/session";
import { SignInPage } from "./session/SignInPage";
import { OpenPage } from "./open/OpenPage";
import { Trouble } from "./Trouble";
import { SurveysPage } from "./upload/SurveysPage";
import { WorklistPage } from "./worklist/WorklistPage";

// The map library is the heavy part: the list of surveys does not wait for it.
const ReviewPage = lazy(() => import("./review/ReviewPage"));
const AccountPage = lazy(() => import("./account/AccountPage"));
const AdminPage = lazy(() => import("./admin/AdminPage"));
const DashboardPage = lazy(() => import("./dashboard/DashboardPage"));
const FlightPage = lazy(() => import("./flight/FlightPage"));
const UploadPage = lazy(() => import("./upload/UploadPage"));
const InspectionsPage = lazy(() => import("./inspections/InspectionsPage"));
const InspectionPage = lazy(() => import("./inspections/InspectionPage"));
const PlannerPage = lazy(() => import("./planner/PlannerPage"));

const ROOMS = ["dashboard", "planner", "flight", "open"] as const;

export function App() {
  const view = useView();
  const { language, setLanguage, say } = useLanguage();
  const { data: session, error } = useQuery(sessionQuery);
  return (
    <div className="app">
      <header className="bar">
        <a
          className="brand"
          href="/app"
          onClick={(event) => {
            event.preventDefault();
            go({ name: "surveys" });
          }}
        >
          <img src="/icon.svg" alt="" width="26" height="26" /> Tenken 点検
        </a>
        {ROOMS.map((name) => (
          <a
            key={name}
            href={`/app/${name}`}
            aria-current={view.name === name ? "page" : undefined}
            onClick={(event) => {
              event.preventDefault();
              go({ name });
            }}
          >
            {say(name)}
          </a>
        ))}
        {may(session, "look") && (
          <a
            href="/app/inspections/waiting"
            aria-current={view.name === "inspections" || view.name === "inspection" ? "page" : undefined}
            onClick={(event) => {
              event.preventDefault();
              go({ name: "inspections", tab: "waiting" });
            }}
          >
            {say("inspections")}
          </a>
        )}
        {may(session, "administer") && (
          <a
            href="/app/admin/people"
            aria-current={view.name === "admin" ? "page" : undefined}
            onClick={(event) => {
              event.preventDefault();
              go({ name: "admin", desk: "people" });
            }}
          >
            {say("admin")}
          </a>
        )}
        <span className="grow" />
        {session && <Person session={session} />}
        <button
          type="button"
          lang={language === "ja" ? "en" : "ja"}
          onClick={() => setLanguage(language === "ja" ? "en" : "ja")}
        >
          {language === "ja" ? "English" : "日本語"}
        </button>
      </header>
      <Trouble error={error} />
      {view.name === "open" && <OpenPage />}
      {session && view.name !== "open" && mustSignIn(session) && <SignInPage session={session} />}
      {session?.must_change_password && view.name !== "open" && (
        <Suspense fallback={<p className="empty">{say("loading")}</p>}>
          <AccountPage session={session} />
        </Suspense>
      )}
      {session && !mustSignIn(session) && !session.must_change_password && (
        <Suspense fallback={<p className="empty">{say("loading")}</p>}>
          {view.name === "account" && <AccountPage session={session} />}
          {view.name === "admin" && <AdminPage desk={view.desk} />}
          {view.name === "surveys" && <SurveysPage />}
          {view.name === "dashboard" && <DashboardPage />}
          {view.name === "flight" && <FlightPage />}
          {view.name === "inspections" && <InspectionsPage key={view.tab} tab={view.tab} />}
          {view.name === "inspection" && <InspectionPage key={`${view.assetId} ${view.fiscalYear}`} {...view} />}
          {view.name === "planner" && <PlannerPage />}
          {view.name === "review" && <ReviewPage key={view.surveyId} {...view} />}
          {view.name === "upload" && <UploadPage key={view.surveyId} surveyId={view.surveyId} />}
          {view.name === "worklist" && <WorklistPage surveyId={view.surveyId} />}
        </Suspense>
      )}
    </div>
  );
}
