<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en_US">
 <context>
  <name>MammoLens</name>
  <message>
   <source>A click shows the finding.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Accept</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Access token, where the server asks for one. It is not kept.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Address of the MammoLens server.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Address:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Adds the heat levels as segments, for editing and for export as DICOM SEG by Slicer.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Adjust finding</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Ask me first:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cancel</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Certificates:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Click around a region in a view; right click or Enter ends it (D).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Comment (optional)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Confirm normal</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Connect</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Connect to the server and read the worklist.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Decision</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Double click opens an exam.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Draw region</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Epochs:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Exam</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>File with the certificate authority of the server (PEM), where its certificate is not publicly signed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Filter: patient, date, view, status</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Findings</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Forgets what the serving model has learned.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>From level:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Go back</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Go on</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Goes on where it was stopped.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Goes with the decision.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Heat</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Heat below this level is not shown.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Hides exams that have a decision.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>How often every image is looked at.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>How strongly the heat covers the image.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>How the new model does beside the old one, on patients from whom neither learned.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Keep the old one</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Kept in the history, with your name.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Keys: N next exam, H heat on or off, C confirm normal, M mark finding, Q poor quality, D draw region, U undo.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Learning</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Learns from the exams that were confirmed normal. The new model serves only if it is shown to be no worse.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Learns nothing; sets the serving model's numbers by the exams that were confirmed normal. For a new machine or software version.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Levels as segmentation</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Makes a region of the selected finding, to be corrected by its points.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Mark finding</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Models</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Most anomalous first. Double click opens an exam.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Next exam</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Opacity:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Open exam</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Opens the most anomalous exam that nobody reviewed (N).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Part of MammoLens, under the Apache License 2.0.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Poor quality</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Read the worklist again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reads mammograms with the heat of a model that learned what normal ones look like: connect to a MammoLens server, open an exam of the worklist, confirm it as normal or mark a finding. &lt;b&gt;Research use only, not a medical device.&lt;/b&gt;</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reason</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Recalibrate</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reload</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Remove region</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Removes the region that was made last.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Research use only, not a medical device</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Second look</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Server</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Show heat:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Show the images of the selected exam with their heat.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Shows or hides the heat (H).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Shows the exams that hold all of these words.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Start anew:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Stop</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Stops it; the serving model stays.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Stops what is being done; nothing changes.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Takes the last decision back (U).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The chosen model does not serve; it is kept.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The chosen model serves from now on.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The model that served before serves again. Needs a reason.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The new model waits for somebody to accept it, even if it is not worse.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The newest first. Choose one to see how it was judged.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>This exam cannot be read well enough (Q).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>This exam has a finding; the regions go with it (M).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>This exam is normal (C).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Token:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Train</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Undo</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Unreviewed only</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Views</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Worklist</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>as the serving model</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>panel.decision_part</name>
  <message>
   <source>Regions that go with a finding: {number}</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>panel.findings_part</name>
  <message>
   <source>Area</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Finding</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No region stands out.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not judged.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>View</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>and {number} with lower peaks</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>panel.heat_part</name>
  <message>
   <source>{level} and higher</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>panel.learning_words</name>
  <message>
   <source>A recalibration runs.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A recalibration waits for its turn.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A training runs.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A training waits for its turn.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Done: the new model serves.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Done: the new model waits for you.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Done: the old model goes on serving.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>It failed; the model before it goes on serving.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Let serve all the same by {name}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Loss on findings you marked</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Loss on planted lesions</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No model serves yet.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Normal patients flagged</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Nothing was learned yet. The model learns from the exams that were confirmed normal.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Patients it was tried on</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Same network as before</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Sees planted lesions</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Sentinel exams decided wrongly</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Serves now: {model}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Stopped; the model before it goes on serving.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Waiting behind it: {number}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Was not set against another model.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>good</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>learned from {number} patients</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>not enough</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>p-values hold</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>refused</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>served before</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>serves</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>shipped</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>since {time}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>waits for you</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{low:.2f} to {high:.2f}</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>panel.models_part</name>
  <message>
   <source>Accept</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Calibrated on {number} patients</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Learned from {number} patients</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Let it serve anyway</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Model</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>New</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Old</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reason (needed to go back)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reason (needed to overrule the verdict)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Since</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>State</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{number} epochs</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>panel.second_look_part</name>
  <message>
   <source>Accepted as normal, but unlike normal exams: not learned from until they are confirmed once more.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No exam needs a second look.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Patient</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Views</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>p-value</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>panel.server_part</name>
  <message>
   <source>Connected to {url}, MammoLens {version}, model {model}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no model serves yet</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>panel.words</name>
  <message>
   <source>1 region</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Asking what is learned</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Breast</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Connecting</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Finding</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Flagged.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Left breast</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Loading the heat levels</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No exam is open. Choose one in the worklist.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Normal</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not flagged.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not reviewed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Opening the exam</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Poor quality</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reading the worklist</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Right breast</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Saving the decision</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Taking the decision back</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>by {reviewer}</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{number} regions</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>panel.worklist_part</name>
  <message>
   <source>Date</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Patient</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Recent exams are unlike those that the model knows.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Share of normal exams that are at least as anomalous. Bold: flagged.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Status</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Views</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>all four</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>p-value</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{fitting} of {total} exams</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{told}, the first {most} shown</source>
   <translation type="unfinished" />
  </message>
 </context>
</TS>
